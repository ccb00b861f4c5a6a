package themes

// Sample is the stylesheet of a place that shows a palette before it is anybody's:
// what is in ".look.light" wears its light colours, what is in ".look.dark" its
// dark ones, whatever the page wears.
func (p *Palette) Sample() string {
	return "@layer components{.look.light{" + declarations(p.Light) + "}\n.look.dark{" + declarations(p.Dark) + "}}\n"
}
