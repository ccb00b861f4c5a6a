package e2e_test

import (
	"testing"

	"parvis/directory"
	"parvis/e2e/browser"
	"parvis/e2e/servers"
	"parvis/server/servertest"
)

// TestAProgramIsToldOfWhoArrives: an administrator adds a webhook, tries it, and a
// program that verifies signatures with a library of its own hears of an agent. Each
// page is looked at.
func TestAProgramIsToldOfWhoArrives(t *testing.T) {
	portal := servertest.NewWith(t, func(c *servertest.Config) { c.Webhooks.AllowInside = true })
	program, page := servers.NewHearing(t), browser.New(t)
	page.Allow("422")
	page.SignIn(portal.URL, "admin@bourg.example", servertest.Password)
	look := func(name string) {
		t.Helper()
		for _, width := range []int{360, 1366} {
			for _, dark := range []bool{true, false} {
				page.Size(width, 900)
				page.Scheme(dark)
				page.Axe(t)
				page.Geometry(t)
			}
			if width == 360 {
				page.Screenshot("webhooks-" + name + "-360")
			}
		}
		page.Screenshot("webhooks-" + name)
	}
	page.Open(portal.URL + "/admin/webhooks")
	look("none")
	page.Fill("#label", "Paie")
	page.Fill("#address", "ftp://paie.example")
	page.Follow("form[action='/admin/webhooks'] button.main")
	look("refused")
	page.Fill("#address", program.Address)
	page.Follow("form[action='/admin/webhooks'] button.main")
	look("secret")
	secret := page.Text(".secret")
	page.Follow("form[action$='/try'] button")
	page.MustSee("Signature refusée")
	if heard := program.Next(); heard.Error == "" {
		t.Error("a program without the secret took a message")
	}
	look("refusal")
	program.Trust(secret)
	page.Follow("form[action$='/try'] button")
	page.MustSee("L’essai est bien reçu")
	if heard := program.Next(); heard.Error != "" || heard.Message.Type != "webhook.test" {
		t.Errorf("tried: heard %+v", heard)
	}
	agent, err := portal.Directory.AddAgent(t.Context(), portal.Caller("admin@bourg.example", "bourg"), directory.Agent{FamilyName: "Le Goff"}, "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	if heard := program.Next(); heard.Error != "" || heard.Message.Type != "agent.created" || heard.Message.Data["agent"] != string(agent) {
		t.Errorf("heard %+v, want that %s is there", heard, agent)
	}
	page.Follow("form[action$='/rotate'] button")
	program.Trust(page.Text(".secret"))
	page.Follow("form[action$='/try'] button")
	if heard := program.Next(); heard.Error != "" {
		t.Errorf("after another secret: %+v", heard)
	}
	look("told")
	page.Follow("form[action$='/pause'] button")
	page.Reload() // the sentence of what was done covers what is under it
	look("paused")
	page.Follow("form[action$='/remove'] button")
	page.Reload()
	look("removed")
}
