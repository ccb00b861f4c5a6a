package sso

import (
	"errors"
	"net/http"

	"parvis/portal"
	"parvis/portal/web"
)

// refusalPage tells a person why an application does not open.
type refusalPage struct {
	web.Page
	Sentence string
	Detail   string // for who sets the application up, "" for nothing
	Ask      string // where she may ask for it, "" for nowhere
}

// Refuse answers who may not open an application, by whichever protocol. An error
// that is no portal.UserError is returned.
func (s *Service) Refuse(w http.ResponseWriter, r *http.Request, err error) error {
	var said portal.UserError
	if !errors.As(err, &said) {
		return err
	}
	return s.renderRefusal(w, r, http.StatusForbidden, &refusalPage{Sentence: web.Sentence(r, said), Ask: OfferOf(err)})
}

// RefuseRequest answers for an application whose request can't be answered to
// itself: the sentence for the person, the detail for who sets it up.
func (s *Service) RefuseRequest(w http.ResponseWriter, r *http.Request, sentence, detail string) error {
	return s.renderRefusal(w, r, http.StatusBadRequest, &refusalPage{Sentence: sentence, Detail: detail})
}

func (s *Service) renderRefusal(w http.ResponseWriter, r *http.Request, status int, page *refusalPage) error {
	page.Title, page.Gate = web.Printer(r).T("sso.application.refused"), true
	return s.render(w, r, status, "sso/application-refused", page)
}
