package e2e_test

import (
	"testing"

	"parvis/server/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }
