package extract

import (
	"context"
	"errors"
	"io"
	"unicode"

	"parvis/search/extract/pdfium"
)

// scannedLetters is the number of letters a page under which a PDF is taken for pictures of paper.
const scannedLetters = 20

func (r *reading) pdfFile(file io.ReaderAt, size int64) error {
	library, err := r.reader.pdfium(r.ctx)
	if err != nil {
		return &loadError{err}
	}
	document, err := library.Open(r.ctx, file, size)
	if err != nil {
		return pdfFailure(err)
	}
	defer document.Close(r.ctx)
	pages, err := document.Pages(r.ctx)
	if err != nil {
		return pdfFailure(err)
	}
	if pages == 0 {
		return failure(ReasonDamaged, errors.New("a PDF without pages"))
	}
	r.pages += pages
	if title, err := document.Title(r.ctx); err == nil && r.title == "" {
		r.title = title
	}
	return r.pdfPages(document, pages)
}

// pdfPages reads every page it can: one damaged page loses that page only.
func (r *reading) pdfPages(document *pdfium.Document, pages int) error {
	begin, read := r.out.content.Len(), 0
	var trouble error
	for page := range min(pages, r.limits.Pages) {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		text, err := document.PageText(r.ctx, page)
		if errors.Is(err, pdfium.ErrMemory) {
			return pdfFailure(err)
		}
		if err != nil {
			trouble = err
			continue
		}
		read++
		r.out.line(text)
		if r.out.cut || page+1 < pages && r.late() {
			return errCut
		}
	}
	if read == 0 {
		return pdfFailure(trouble)
	}
	if letters(r.out.content.String()[begin:], scannedLetters*read) < scannedLetters*read && r.depth == 0 {
		r.note = NoteScanned
	}
	if pages > r.limits.Pages {
		return errCut
	}
	return nil
}

// letters counts letters, up to enough.
func letters(text string, enough int) int {
	count := 0
	for _, char := range text {
		if unicode.IsLetter(char) {
			count++
		}
		if count >= enough {
			break
		}
	}
	return count
}

func pdfFailure(err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, pdfium.ErrPassword):
		return failure(ReasonEncrypted, err)
	case errors.Is(err, pdfium.ErrMemory):
		return failure(ReasonTooLarge, err)
	}
	return failure(ReasonDamaged, err)
}
