package server_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"parvis/server/servertest"
)

// TestMain lets the test binary be the portal that a test kills.
func TestMain(m *testing.M) {
	if config := os.Getenv(childConfig); config != "" && (len(os.Args) < 2 || os.Args[1] != "extract") {
		fmt.Fprintln(os.Stderr, serveUntilKilled(config))
		os.Exit(1)
	}
	servertest.Main(m)
}

func TestAPersonSignsInAndReachesHerHome(t *testing.T) {
	p := servertest.New(t)
	client := p.Anonymous()
	if answer := client.Get("/"); answer.Status != 303 || answer.Header.Get("Location") != "/sign-in" {
		t.Fatalf("signed out: %d to %q", answer.Status, answer.Header.Get("Location"))
	}
	client.SignIn("agent@bourg.example", servertest.Password).Want(t, 303)
	client.Get("/").Want(t, 200, "Bourg-sur-Loire", "Camille Le Goff")
	client.Post("/sign-out").Want(t, 303)
	client.Get("/").Want(t, 303)
}

func TestTheDemonstrationLoads(t *testing.T) {
	p := servertest.Demo(t)
	client := p.Anonymous()
	client.SignIn("agent@bourg.example", servertest.Password).Want(t, 303)
	client.Get("/").Want(t, 200, "Bourg-sur-Loire")
	client.Get("/search?q=budget").Want(t, 200, "<mark>")
}

func TestHomeShowsApplicationsOnce(t *testing.T) {
	home := servertest.Demo(t).As("agent@bourg.example").Get("/").Want(t, 200).Body
	if shown := strings.Count(home, "Toutes les applications"); shown != 1 {
		t.Errorf("the applications are shown %d times, want 1", shown)
	}
}

// Without a valid audit a site is not compliant (arrêté du 20 septembre 2019, RGAA): to say that it is in part would be false.
func TestAccessibilityIsClaimedOnlyAfterAnAudit(t *testing.T) {
	servertest.New(t).Anonymous().Get("/accessibility").Want(t, 200, "Accessibilité : non conforme", "n’est pas conforme")
}
