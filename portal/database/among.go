package database

// amongSizes are how many values Among asks about: few, so that there are few
// texts, and each is prepared once. The last is less than SQLite binds (32,766).
var amongSizes = []int{1, 8, 64, 512, 4096, 32_000}

// Among is a condition's list, "($3, $4, …)", and the arguments with those values
// after them; the last value fills the list up, and none is a list of nothing. More
// than 32,000 are cut: ask in parts.
func Among[T ~string](args []any, values []T) (list string, all []any) {
	size := amongSizes[0]
	for _, size = range amongSizes {
		if len(values) <= size {
			break
		}
	}
	all = append(make([]any, 0, len(args)+size), args...)
	for n := range size {
		var value any = "\x1f" // names nothing
		if len(values) > 0 {
			value = string(values[min(n, len(values)-1)])
		}
		all = append(all, value)
	}
	return "(" + Params(len(args)+1, size) + ")", all
}
