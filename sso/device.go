package sso

import "strings"

// sign is a word of a User-Agent and what people call it, the more precise
// first: Edge calls itself Chrome, and Chrome Safari.
type sign struct{ word, name string }

var (
	browsers = []sign{{"Edg", "Edge"}, {"OPR", "Opera"}, {"Firefox", "Firefox"}, {"Chrome", "Chrome"}, {"Safari", "Safari"}}
	systems  = []sign{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS", "Mac"}, {"Linux", "Linux"}}
)

// DeviceOf names a browser so that its person knows it again: "Firefox, Linux".
// "" when the User-Agent says nothing known.
func DeviceOf(agent string) string {
	var parts []string
	for _, signs := range [][]sign{browsers, systems} {
		for _, one := range signs {
			if strings.Contains(agent, one.word) {
				parts = append(parts, one.name)
				break
			}
		}
	}
	return strings.Join(parts, ", ")
}
