package leaving

import "slices"

// Table is what leaving knows of a table of the store.
type Table struct {
	Name string
	Key  []string // primary key without the collectivity: rows are read in its order
	// Excluded says why the rows are not in an archive; "" when they are.
	Excluded string
	// Left are columns that an archive does not have, by why: a restored row has
	// their default.
	Left map[string]string
	// Person are the columns that hold an agent, and what her erasure does to them.
	Person map[string]Fate
	// Account are the columns that hold an account.
	Account []string
	// Before are columns that older archives have, and those that hold their value since.
	Before map[string][]string
	// Under is the column that leads to a row of another table, which takes this one
	// along when it goes.
	Under *Link
}

// Link is a column and the table whose id it holds.
type Link struct{ Column, Table string }

// Fate is what becomes of a row when the agent in a column is erased.
type Fate int

const (
	// Gone: the row is hers, and is deleted.
	Gone Fate = iota + 1
	// Pseudonym: the row is the collectivity's, and names the certificate instead.
	Pseudonym
	// Nobody: the row is the collectivity's, and names nobody.
	Nobody
	// Tombstone: phones learn by it that her card is gone. Nothing tells whose it was.
	Tombstone
)

const (
	isSecret   = "a secret, or what proves one: it does not leave the installation"
	isPassing  = "of a session or of a letter that is over once the collectivity has moved"
	isMirrored = "what a directory server said last: it is read again from where the collectivity is"
	isDerived  = "made anew from the rest"
	isAgreed   = "an agreement with another collectivity of this pool, which is over once one of them leaves: both keep its statements as files"
	isPool     = "what the operator of a pool decides: addresses inside of her network, and who vouches for people; settings/ has it to be read"
)

// catalogue is every table with a column named collectivity.
// TestEveryTableLeavesOrSaysWhy compares it with the store.
var catalogue = []Table{
	{Name: "units", Key: []string{"id"}},
	{Name: "agents", Key: []string{"id"}, Account: []string{"account"}, Person: map[string]Fate{"id": Gone, "manager": Nobody, "changed_by": Pseudonym}},
	{Name: "agent_groups", Key: []string{"id"}},
	{Name: "deleted_groups", Key: []string{"id"}},
	{Name: "agent_group_members", Key: []string{"group_id", "agent"}, Person: map[string]Fate{"agent": Gone}},
	{Name: "deleted_group_members", Key: []string{"group_id", "agent"}, Person: map[string]Fate{"agent": Gone}},
	{Name: "group_rule_keys", Key: []string{"watched", "group_id"}},
	{Name: "rights_given", Key: []string{"id"}, Person: map[string]Fate{"subject": Gone, "lent_by": Gone, "given_by": Pseudonym}},
	{Name: "card_fields", Key: []string{"field"}},
	{Name: "agent_photos", Key: []string{"agent", "side"}, Person: map[string]Fate{"agent": Gone}},
	{Name: "presence_weeks", Key: []string{"agent", "since"}, Person: map[string]Fate{"agent": Gone}},
	{Name: "presence_days", Key: []string{"agent", "day"}, Person: map[string]Fate{"agent": Gone}},
	{Name: "kiosks", Key: []string{"id"}, Excluded: "a device is opened anew where the collectivity is"},
	{Name: "kiosk_sessions", Key: []string{"hash"}, Excluded: isPassing, Person: map[string]Fate{"agent": Gone}},
	{Name: "agent_pins", Key: []string{"agent"}, Excluded: isSecret, Person: map[string]Fate{"agent": Gone}},
	{Name: "pin_tries", Key: []string{"agent"}, Excluded: isSecret, Person: map[string]Fate{"agent": Gone}},
	{Name: "stated_absences", Key: []string{"agent"}, Person: map[string]Fate{"agent": Gone}},
	{Name: "planned_departures", Key: []string{"agent"}, Person: map[string]Fate{"agent": Gone, "successor": Nobody, "planned_by": Pseudonym}},
	{Name: "unit_moves", Key: []string{"id"}, Excluded: isPassing, Person: map[string]Fate{"agent": Pseudonym}},
	{Name: "unit_move_items", Key: []string{"move", "agent", "unit"}, Excluded: isPassing, Person: map[string]Fate{"agent": Gone}},
	{Name: "mandates", Key: []string{"id"}, Person: map[string]Fate{"agent": Gone}},
	{Name: "directory_stamps", Excluded: isDerived},
	{Name: "assistances", Key: []string{"id"}, Excluded: isPool, Account: []string{"account"}},
	{Name: "desk_views", Key: []string{"id"}, Excluded: isPassing, Person: map[string]Fate{"agent": Gone, "viewer": Pseudonym}},
	{Name: "arrivals", Key: []string{"id"}, Excluded: isPassing, Account: []string{"account"}, Person: map[string]Fate{"agent": Pseudonym}},
	{Name: "arrival_lines", Key: []string{"plan", "line"}, Excluded: isPassing, Person: map[string]Fate{"agent": Gone}},
	{Name: "arrival_units", Key: []string{"arrival", "unit"}, Excluded: isPassing},
	{Name: "mirrors", Excluded: isPool},
	{Name: "mirrored_agents", Key: []string{"source_key"}, Excluded: isMirrored, Person: map[string]Fate{"agent": Gone}},
	{Name: "mirrored_units", Key: []string{"source_key"}, Excluded: isMirrored},
	{Name: "mirrored_groups", Key: []string{"source_key"}, Excluded: isMirrored},
	{Name: "mirror_runs", Key: []string{"id"}, Excluded: isMirrored, Person: map[string]Fate{"agent": Pseudonym}},
	{Name: "mirror_lines", Key: []string{"run", "position"}, Excluded: isMirrored, Person: map[string]Fate{"agent": Gone}},
	{Name: "mirror_links", Key: []string{"source_key"}, Excluded: isMirrored, Person: map[string]Fate{"agent": Gone}},
	{Name: "collectivity_logos", Key: []string{"version"}},
	{Name: "collectivity_quotas", Key: []string{"kind"}, Excluded: isPool},
	{Name: "collectivity_networks", Key: []string{"network"}, Excluded: isPool},
	{Name: "announcement_targets", Key: []string{"announcement"}, Excluded: isPool},
	{Name: "scim_agents", Key: []string{"agent"}, Person: map[string]Fate{"agent": Gone}},
	{Name: "scim_groups", Key: []string{"group_id"}},
	{Name: "webhooks", Key: []string{"id"}, Excluded: "what it sends is signed with a secret of this installation: it is added anew", Person: map[string]Fate{"created_by": Pseudonym}},
	{Name: "webhook_messages", Key: []string{"webhook", "id"}, Excluded: isPassing, Person: map[string]Fate{"agent": Gone}},
	{Name: "collectivity_domains", Key: []string{"domain"}},

	{Name: "applications", Key: []string{"id"}},
	{Name: "application_audience", Key: []string{"application", "group_id"}},
	{Name: "application_units", Key: []string{"application", "unit"}},
	{Name: "application_addresses", Key: []string{"application", "origin", "path", "query"}},
	{Name: "application_releases", Key: []string{"application", "name"}},
	{Name: "application_pins", Key: []string{"agent", "application"}, Person: map[string]Fate{"agent": Gone}},
	{Name: "application_grants", Key: []string{"agent", "application"}, Person: map[string]Fate{"agent": Gone, "given_by": Pseudonym}},
	{Name: "application_requests", Key: []string{"id"}, Person: map[string]Fate{"agent": Gone, "answered_by": Pseudonym, "had_by": Pseudonym}},
	{Name: "openid_clients", Key: []string{"application"}, Excluded: "an issuer of another address: the application is given a new client and a new secret"},
	{Name: "openid_keys", Key: []string{"id"}, Excluded: isSecret},
	{Name: "openid_grants", Key: []string{"id"}, Excluded: isPassing, Account: []string{"account"}, Person: map[string]Fate{"agent": Gone}},

	{Name: "home_frames", Key: []string{"group_id"}},
	{Name: "home_choices", Key: []string{"agent"}, Person: map[string]Fate{"agent": Gone}},
	{Name: "widget_settings", Key: []string{"widget", "agent"}, Person: map[string]Fate{"agent": Gone}},
	{Name: "weather_places"},

	{Name: "calendars", Key: []string{"id"}, Left: map[string]string{"epoch": "drawn anew, so that phones read everything again"}, Person: map[string]Fate{"owner": Gone}},
	{Name: "calendar_groups", Key: []string{"calendar", "group_id", "writes"}, Under: &Link{"calendar", "calendars"}},
	{Name: "calendar_looks", Key: []string{"calendar", "agent"}, Under: &Link{"calendar", "calendars"}, Person: map[string]Fate{"agent": Gone}},
	{Name: "calendar_shares", Key: []string{"id"}, Under: &Link{"calendar", "calendars"}, Person: map[string]Fate{"subject": Gone}},
	{Name: "calendar_delegates", Key: []string{"id"}, Person: map[string]Fate{"owner": Gone, "delegate": Gone}},
	{Name: "calendar_objects", Key: []string{"calendar", "name"}, Under: &Link{"calendar", "calendars"}},
	{Name: "calendar_changes", Key: []string{"calendar", "name"}, Under: &Link{"calendar", "calendars"}},
	{Name: "calendar_messages", Key: []string{"agent", "name"}, Excluded: "what a phone is told once of events that are in the agendas", Person: map[string]Fate{"agent": Gone}},
	{Name: "calendar_answers", Key: []string{"secret"}, Excluded: isSecret, Person: map[string]Fate{"organizer": Gone}},
	{Name: "calendar_said", Key: []string{"organizer", "uid", "address", "recurrence"}, Person: map[string]Fate{"organizer": Gone}},
	{Name: "calendar_undo", Key: []string{"id"}, Under: &Link{"calendar", "calendars"}, Excluded: "what may be taken back for an hour", Person: map[string]Fate{"agent": Gone}},
	{Name: "calendar_feeds", Key: []string{"id"}, Under: &Link{"calendar", "calendars"}, Excluded: isSecret, Account: []string{"account"}, Person: map[string]Fate{"agent": Gone}},
	{Name: "calendar_imports", Key: []string{"id"}, Under: &Link{"calendar", "calendars"}, Excluded: "what may be taken back for a month", Person: map[string]Fate{"agent": Gone}},
	{Name: "calendar_import_lines", Key: []string{"import", "position"}, Under: &Link{"import", "calendar_imports"}, Excluded: "what may be taken back for a month"},
	{Name: "resources", Key: []string{"id"}},
	{Name: "resource_groups", Key: []string{"resource", "group_id"}},
	{Name: "resource_people", Key: []string{"resource", "does", "kind", "subject"}, Person: map[string]Fate{"subject": Gone}},
	{Name: "resource_closings", Key: []string{"resource", "first_day"}},
	{Name: "resource_photos", Key: []string{"resource", "side"}},
	{Name: "vehicle_trips", Key: []string{"id"}, Person: map[string]Fate{"driver": Pseudonym, "out_by": Pseudonym, "back_by": Pseudonym, "handled_by": Pseudonym}},
	{Name: "vehicle_trip_photos", Key: []string{"trip", "moment"}},
	{Name: "booking_requests", Key: []string{"id"}, Person: map[string]Fate{"holder": Gone, "decided_by": Pseudonym}},
	{Name: "booking_makers", Key: []string{"event"}, Person: map[string]Fate{"holder": Gone, "maker": Pseudonym}},
	{Name: "booking_waits", Key: []string{"id"}, Person: map[string]Fate{"agent": Gone}},
	{Name: "door_screens", Key: []string{"id"}, Excluded: isSecret},
	{Name: "door_screen_resources", Key: []string{"screen", "resource"}, Excluded: isSecret},
	{Name: "bookings", Key: []string{"resource", "event", "recurrence", "starts"}, Person: map[string]Fate{"holder": Gone}},
	{Name: "lendings", Key: []string{"id"}, Excluded: isAgreed},
	{Name: "lending_parties", Key: []string{"lending"}, Excluded: isAgreed},
	{Name: "lending_terms", Key: []string{"lending", "number"}, Excluded: isAgreed, Person: map[string]Fate{"proposed_by": Pseudonym}},
	{Name: "lending_resources", Key: []string{"lending", "number", "resource"}, Excluded: isAgreed},
	{Name: "lending_groups", Key: []string{"lending", "group_id"}, Excluded: isAgreed},
	{Name: "lending_loans", Key: []string{"id"}, Excluded: isAgreed},
	{Name: "lending_takers", Key: []string{"loan"}, Excluded: isAgreed, Person: map[string]Fate{"agent": Nobody}},
	{Name: "lending_notices", Key: []string{"id"}, Excluded: isPassing, Person: map[string]Fate{"agent": Gone}},

	{Name: "duty_teams", Key: []string{"id"}},
	{Name: "duty_managers", Key: []string{"team", "agent"}, Person: map[string]Fate{"agent": Gone}},
	{Name: "duty_members", Key: []string{"team", "agent"}, Person: map[string]Fate{"agent": Gone}},
	{Name: "duty_periods", Key: []string{"id"}, Person: map[string]Fate{"agent": Pseudonym}},
	{Name: "duty_swaps", Key: []string{"id"}, Person: map[string]Fate{"giver": Gone, "taker": Pseudonym, "decided_by": Pseudonym}},
	{Name: "duty_rates", Key: []string{"id"}, Person: map[string]Fate{"made_by": Pseudonym}},
	{Name: "duty_interventions", Key: []string{"id"}, Person: map[string]Fate{"agent": Pseudonym, "made_by": Pseudonym}},
	{Name: "duty_feeds", Key: []string{"id"}, Excluded: isSecret, Account: []string{"account"}, Person: map[string]Fate{"agent": Gone}},
	{Name: "duty_notices", Key: []string{"id"}, Person: map[string]Fate{"agent": Gone, "giver": Pseudonym, "taker": Pseudonym}},

	{Name: "remote_accounts", Key: []string{"id"}, Excluded: "an agent's password of another server: she links it again", Person: map[string]Fate{"agent": Gone}},
	{Name: "remote_calendars", Key: []string{"id"}, Under: &Link{"account", "remote_accounts"}, Excluded: isDerived},
	{Name: "remote_instances", Key: []string{"calendar", "id"}, Under: &Link{"calendar", "remote_calendars"}, Excluded: isDerived},

	{Name: "contact_books", Key: []string{"id"}, Person: map[string]Fate{"owner": Gone}, Before: map[string][]string{"agent": {"id", "owner"}}, Left: map[string]string{
		"epoch": "drawn anew, so that phones read everything again", "derived": isDerived,
	}},
	{Name: "contacts", Key: []string{"book", "name"}, Under: &Link{"book", "contact_books"}, Before: map[string][]string{"agent": {"book"}}, Left: map[string]string{
		"kind": isDerived, "sort_name": isDerived, "detail": isDerived, "phone": isDerived, "email": isDerived, "photo": isDerived, "reference": isDerived, "words": isDerived,
	}},
	{Name: "contact_changes", Key: []string{"book", "name"}, Under: &Link{"book", "contact_books"}, Before: map[string][]string{"agent": {"book"}}},
	{Name: "contact_links", Key: []string{"book", "name", "kind", "value"}, Under: &Link{"book", "contact_books"}, Excluded: isDerived},
	{Name: "contact_undo", Key: []string{"id"}, Under: &Link{"book", "contact_books"}, Excluded: "what may be taken back for an hour", Person: map[string]Fate{"agent": Gone}},
	{Name: "contact_imports", Key: []string{"id"}, Under: &Link{"book", "contact_books"}, Excluded: "a file that its reader still has", Person: map[string]Fate{"agent": Gone}},
	{Name: "directory_shares", Excluded: "is with another collectivity of this pool"},
	{Name: "directory_books", Excluded: isDerived},
	{Name: "directory_cards", Key: []string{"agent"}, Excluded: isDerived, Person: map[string]Fate{"agent": Tombstone}},

	{Name: "document_folders", Key: []string{"id"}},
	{Name: "document_folder_groups", Key: []string{"folder", "group_id", "writes"}},
	{Name: "documents", Key: []string{"id"}},
	{Name: "document_versions", Key: []string{"document", "number"}, Person: map[string]Fate{"author": Pseudonym}, Left: map[string]string{
		"text_reason": isDerived, "text_tries": isDerived, "text_after": isDerived, "pages": isDerived,
	}},
	{Name: "search_queue", Key: []string{"kind", "id"}, Excluded: isDerived},

	{Name: "articles", Key: []string{"id"}, Person: map[string]Fate{"author": Pseudonym}},
	{Name: "article_audience", Key: []string{"article", "group_id"}},

	{Name: "mail_servers", Excluded: isPool},
	{Name: "mail_senders", Excluded: isPool},
	{Name: "mail_shared", Key: []string{"address"}},
	{Name: "mail_shared_audience", Key: []string{"address", "group_id"}},
	{Name: "mail_passwords", Key: []string{"agent"}, Excluded: isSecret, Person: map[string]Fate{"agent": Gone}},
	{Name: "mail_positions", Key: []string{"agent"}, Excluded: isPassing, Person: map[string]Fate{"agent": Gone}},
	{Name: "outgoing_mail", Key: []string{"id"}, Excluded: isPassing},

	{Name: "sign_in_methods", Excluded: isPool},
	{Name: "account_links", Key: []string{"issuer", "subject"}, Excluded: "who an issuer vouches for: learnt again at the next sign-in", Account: []string{"account"}},
	{Name: "issuer_vouchers", Key: []string{"account"}, Excluded: isSecret, Account: []string{"account"}},
	{Name: "app_passwords", Key: []string{"id"}, Excluded: isSecret, Account: []string{"account"}},
	{Name: "device_syncs", Key: []string{"password", "feature"}, Excluded: "how devices fare with an app password, which stays and ends with it"},
	{Name: "sso_policies"},
	{Name: "sso_policy_groups", Key: []string{"group_id"}},
	{Name: "password_helps"},
	{Name: "invitations", Key: []string{"agent"}, Excluded: "a link to the pool that is left: people are invited again", Person: map[string]Fate{"agent": Gone}},
	{Name: "invitation_letters", Key: []string{"login", "mail"}, Excluded: isPassing},
	{Name: "sessions", Key: []string{"hash"}, Excluded: isPassing, Account: []string{"account"}},
	{Name: "session_participants", Key: []string{"id"}, Excluded: isPassing, Account: []string{"account"}},
	{Name: "cas_grantings", Key: []string{"hash"}, Excluded: isPassing, Account: []string{"account"}},
	{Name: "cas_spent", Key: []string{"hash"}, Excluded: isPassing},
	{Name: "forward_sessions", Key: []string{"hash"}, Excluded: isPassing, Account: []string{"account"}},

	{Name: "audit_lines", Key: []string{"at", "id"}, Account: []string{"account"}, Person: map[string]Fate{"agent": Pseudonym, "object_id": Pseudonym}},
	{Name: "audit_settings"},
	{Name: "collectivity_exports", Key: []string{"id"}, Excluded: isPassing, Person: map[string]Fate{"agent": Gone}},
	{Name: "person_erasures", Key: []string{"id"}},
}

// ofAccounts are the tables of an account whatever its collectivities, which go
// with it. Children come first.
var ofAccounts = []string{
	"account_keys", "account_links", "account_otp", "account_passwords", "account_recovery_codes", "app_passwords", "cas_grantings",
	"forward_sessions", "issuer_vouchers", "openid_grants", "password_resets", "session_participants", "sessions",
}

// exported are the tables of an archive, in the order of the catalogue.
func exported() []Table {
	return slices.DeleteFunc(slices.Clone(catalogue), func(t Table) bool { return t.Excluded != "" })
}
