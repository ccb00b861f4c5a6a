package e2e_test

import (
	"testing"

	"parvis/e2e/browser"
	"parvis/server/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// signIn goes through the two pages of sign-in.
func signIn(page *browser.Page, address, login, password string) {
	page.Open(address + "/sign-in")
	page.Fill("#login", login)
	page.Follow("button.main")
	page.Fill("#password", password)
	page.Follow("button.main")
}
