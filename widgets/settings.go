package widgets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// settingsStore keeps the settings of widgets.
type settingsStore struct{ db *database.DB }

// values returns a widget's settings for a caller without agent or with one:
// the defaults, then the administrator's, then the agent's. What is stored
// under an older version is migrated, and what no longer holds its type is
// left out.
func (s *settingsStore) values(ctx context.Context, k *kind, caller portal.Caller) (Values, error) {
	manifest := k.manifest
	values := Defaults(manifest.AdminSettings).with(manifest.AgentSettings, Defaults(manifest.AgentSettings))
	if len(manifest.AdminSettings) > 0 {
		stored, err := s.read(ctx, k, caller.Collectivity, "")
		if err != nil {
			return nil, err
		}
		values.with(manifest.AdminSettings, stored)
	}
	if len(manifest.AgentSettings) > 0 && caller.Agent != "" {
		stored, err := s.read(ctx, k, caller.Collectivity, caller.Agent)
		if err != nil {
			return nil, err
		}
		values.with(manifest.AgentSettings, stored)
	}
	return values, nil
}

// read returns what is stored, empty when nothing is.
func (s *settingsStore) read(ctx context.Context, k *kind, collectivity portal.CollectivityID, agent portal.AgentID) (Values, error) {
	var version int
	var text string
	row := s.db.QueryRow(ctx, `SELECT version, settings FROM widget_settings
		WHERE collectivity = $1 AND widget = $2 AND agent = $3`, collectivity, k.manifest.ID, agent)
	switch err := row.Scan(&version, &text); {
	case errors.Is(err, portal.ErrNotFound):
		return Values{}, nil
	case err != nil:
		return nil, fmt.Errorf("widgets: read settings of %s: %w", k.manifest.ID, err)
	}
	var values Values
	if err := json.Unmarshal([]byte(text), &values); err != nil {
		return nil, fmt.Errorf("widgets: read settings of %s: %w", k.manifest.ID, err)
	}
	if migrator, ok := k.widget.(Migrator); ok && version < k.manifest.SettingsVersion {
		return migrated(migrator, version, values)
	}
	return values, nil
}

// migrated takes a panic of the widget for a failure: boxes are loaded behind
// the page, where a panic would end the process.
func migrated(migrator Migrator, version int, old Values) (values Values, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("%w: %v\n%s", errPanicked, fault, debug.Stack())
		}
	}()
	return migrator.Migrate(version, old), nil
}

// write replaces what is stored for the collectivity (agent "") or an agent.
func (s *settingsStore) write(ctx context.Context, k *kind, collectivity portal.CollectivityID, agent portal.AgentID, values Values) error {
	text, err := json.Marshal(values)
	if err != nil {
		return fmt.Errorf("widgets: write settings of %s: %w", k.manifest.ID, err)
	}
	_, err = s.db.Exec(ctx, `INSERT INTO widget_settings (collectivity, widget, agent, version, settings, changed)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (collectivity, widget, agent) DO UPDATE
		SET version = excluded.version, settings = excluded.settings, changed = excluded.changed`,
		collectivity, k.manifest.ID, agent, k.manifest.SettingsVersion, string(text), database.Millis(time.Now()))
	if err != nil {
		return fmt.Errorf("widgets: write settings of %s: %w", k.manifest.ID, err)
	}
	return nil
}

// Configure stores what the administrator decided of a widget. It returns
// portal.ErrDenied to others, portal.ErrNotFound for an unknown widget, and
// portal.FieldErrors when a value does not hold its type.
func (h *Host) Configure(ctx context.Context, caller portal.Caller, widget string, form map[string][]string) error {
	if err := caller.Require(portal.Admin); err != nil {
		return fmt.Errorf("widgets: configure %s: %w", widget, err)
	}
	k := h.catalogue.byID[widget]
	if k == nil {
		return fmt.Errorf("widgets: configure %s: %w", widget, portal.ErrNotFound)
	}
	values, err := Read(k.manifest.AdminSettings, form)
	if err != nil {
		return err
	}
	if err := h.settings.write(ctx, k, caller.Collectivity, "", values); err != nil {
		return err
	}
	h.Changed(caller.Collectivity, widget)
	h.Changed(caller.Collectivity, TopicHome) // it may be configured now, or no longer
	return nil
}

// Prefer stores what the caller decided of one of her boxes; errors as
// Configure, with portal.ErrNotFound for a box that she may not have.
func (h *Host) Prefer(ctx context.Context, caller portal.Caller, widget string, form map[string][]string) error {
	k, err := h.find(ctx, caller, widget)
	if err != nil {
		return err
	}
	values, err := Read(k.manifest.AgentSettings, form)
	if err != nil {
		return err
	}
	if err := h.settings.write(ctx, k, caller.Collectivity, caller.Agent, values); err != nil {
		return err
	}
	h.Changed(caller.Collectivity, widget, caller.Agent)
	return nil
}

// Check tries a widget's source for the administrator. It returns nil for a
// widget that has none, and what the widget says otherwise.
func (h *Host) Check(ctx context.Context, rd Request, widget string) error {
	if err := rd.Caller.Require(portal.Admin); err != nil {
		return fmt.Errorf("widgets: check %s: %w", widget, err)
	}
	k := h.catalogue.byID[widget]
	if k == nil {
		return fmt.Errorf("widgets: check %s: %w", widget, portal.ErrNotFound)
	}
	checker, ok := k.widget.(Checker)
	if !ok {
		return nil
	}
	settings, err := h.settings.values(ctx, k, rd.Caller)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, k.manifest.Deadline)
	defer cancel()
	rd.Settings = settings
	return checker.Check(ctx, rd)
}
