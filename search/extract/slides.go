package extract

import "regexp"

var (
	slideParts = regexp.MustCompile(`^ppt/slides/[^/]+\.xml$`)
	slideNotes = regexp.MustCompile(`^ppt/(notesSlides/notesSlide\d+|comments/[^/]+|diagrams/data\d+)\.xml$`)
)

// slides reads a pptx (ECMA-376 part 1, 19): slides in the order of their numbers, then notes and comments.
func (a *archive) slides() error {
	if err := a.readTitle("docProps/core.xml"); err != nil {
		return err
	}
	reader := &markupReader{out: a.reading.out}
	a.reading.pages += len(a.matching(slideParts))
	if err := a.scanAll(slideParts, reader); err != nil {
		return err
	}
	return a.scanAll(slideNotes, reader)
}
