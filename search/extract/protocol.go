package extract

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Parent and child speak over the child's standard input and output. The child greets; then the parent sends
// one JSON line a file and the child answers one JSON line, then size bytes of text.

const protocolVersion = 1

type greeting struct {
	Version int `json:"parvis_extract"`
}

// request asks for the text of a file. Name is what the person called it, for its extension.
type request struct {
	Path string `json:"path"`
	Name string `json:"name"`
}

// reply is the head of an answer. Reason is set when there is no text; Trouble when the fault is ours. What a
// parser said stays in the child: it quotes the file, and a failure goes to the log.
type reply struct {
	Reason  Reason `json:"reason,omitempty"`
	Trouble string `json:"trouble,omitempty"`
	Title   string `json:"title,omitempty"`
	Pages   int    `json:"pages,omitempty"`
	Note    Reason `json:"note,omitempty"`
	Size    int    `json:"size"`
}

const (
	maxLine    = 64 << 10 // bytes of a request or of a reply's head
	maxTrouble = 500      // bytes of what goes to the log
)

func writeLine(to io.Writer, value any) error {
	line, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, err = to.Write(append(line, '\n'))
	return err
}

// readLine reads a line of at most maxLine bytes; the reader must have a buffer of that size.
func readLine(from *bufio.Reader, value any) error {
	line, err := from.ReadSlice('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, value)
}

func replyOf(result Result, err error) reply {
	var failed *Failure
	switch {
	case errors.As(err, &failed):
		return reply{Reason: failed.Reason}
	case err != nil:
		return reply{Trouble: shorten(err.Error())}
	}
	return reply{Title: result.Title, Pages: result.Pages, Note: result.Note, Size: len(result.Text)}
}

func shorten(text string) string {
	if len(text) > maxTrouble {
		return text[:maxTrouble]
	}
	return text
}

func writeAnswer(to io.Writer, result Result, err error) error {
	if err := writeLine(to, replyOf(result, err)); err != nil {
		return err
	}
	if err != nil {
		return nil
	}
	_, err = io.WriteString(to, result.Text)
	return err
}

// readAnswer believes nothing the child says beyond its limits: it has read a hostile file.
func readAnswer(from *bufio.Reader, maxText int) (Result, error) {
	var head reply
	if err := readLine(from, &head); err != nil {
		return Result{}, fmt.Errorf("extract: read the answer: %w", err)
	}
	switch {
	case head.Trouble != "":
		return Result{}, fmt.Errorf("extract: in the child: %s", head.Trouble)
	case head.Reason != "":
		return Result{}, &Failure{Reason: head.Reason}
	case head.Size < 0 || head.Size > maxText:
		return Result{}, fmt.Errorf("extract: an answer of %d bytes", head.Size)
	}
	text := make([]byte, head.Size)
	if _, err := io.ReadFull(from, text); err != nil {
		return Result{}, fmt.Errorf("extract: read the text: %w", err)
	}
	return Result{Text: string(text), Title: head.Title, Pages: head.Pages, Note: head.Note}, nil
}
