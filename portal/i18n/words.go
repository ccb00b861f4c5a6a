package i18n

// Spaces that don't break a line: French typography asks for the narrow one inside numbers, the plain one before units.
const (
	narrow = "\u202f"
	nbsp   = "\u00a0"
	minus  = "\u2212"
)

// words are a language's names of days and months. Arrays are indexed by time.Weekday and time.Month - 1.
type words struct {
	days, shortDays     [7]string
	months, shortMonths [12]string
}

func wordsOf(lang Language) *words {
	if lang == English {
		return &words{
			days:        [7]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
			shortDays:   [7]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
			months:      [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
			shortMonths: [12]string{"Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec"},
		}
	}
	return &words{
		days:        [7]string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"},
		shortDays:   [7]string{"dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."},
		months:      [12]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"},
		shortMonths: [12]string{"janv.", "févr.", "mars", "avril", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."},
	}
}
