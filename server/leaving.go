package server

import (
	"context"
	"path/filepath"

	"parvis/directory"
	"parvis/leaving"
	"parvis/portal"
	"parvis/portal/i18n"
)

// openLeaving joins what exports, restores and erases to what is beside the store.
func (s *Server) openLeaving(version string) {
	s.Leaving = leaving.New(leaving.Options{
		DB: s.DB, Files: s.Documents, Index: s.index, Log: s.log, Dir: filepath.Join(s.Config.Data, "exports"), Version: version,
		Check: checkBody, Back: s.cameBack, Changed: s.Directory.Refresh,
	})
}

// checkBody refuses what the directory would.
func checkBody(b leaving.Body) error {
	return directory.CheckCollectivity(directory.Collectivity{
		ID: b.ID, Name: b.Name, LongName: b.LongName, Kind: b.Kind, SIREN: b.SIREN, SIRET: b.SIRET, INSEE: b.INSEE,
		Zone: b.Zone, Language: i18n.Language(b.Language), Colour: b.Colour, Phone: b.Phone, Domains: b.Domains,
	})
}

// cameBack is what follows a restore: phones saw later changes, or others, and the
// search knows nothing.
func (s *Server) cameBack(ctx context.Context, id portal.CollectivityID) error {
	for _, restored := range []func(context.Context, portal.CollectivityID) error{
		s.Calendar.Restored, s.Contacts.Restored, s.Directory.BookRestored, s.Indexer.Rebuild,
	} {
		if err := restored(ctx, id); err != nil {
			return err
		}
	}
	return nil
}
