package demo

import "testing"

// Who takes turns in the demonstration is there, in the collectivity of the team, and can be called.
func TestWhoTakesTurnsCanBeCalled(t *testing.T) {
	for _, duty := range duties() {
		for _, login := range append(duty.Members, duty.Manager) {
			person, known := Pool().Person(login)
			there, mobile := false, ""
			for _, agent := range person.Agents {
				if agent.Collectivity == duty.Collectivity {
					there, mobile = true, agent.Mobile
				}
			}
			if !known || !there || mobile == "" && login != duty.Manager {
				t.Errorf("%s of %s: known %v, there %v, number %q", login, duty.Team.Name, known, there, mobile)
			}
		}
	}
}
