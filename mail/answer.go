package mail

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime/quotedprintable"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-message/charset"

	"parvis/portal"
)

// Answer is what a program answers by mail to an invitation (RFC 6047): a part text/calendar of a
// message, whose method is REPLY.
type Answer struct {
	From     string    // "jean@exemple.fr", lower case; "" where not one person alone wrote it
	Received time.Time // INTERNALDATE (RFC 9051 §2.3.3), by the mail server's clock
	Text     []byte    // iCalendar in UTF-8, and nothing is known of what it says
}

// What one look through an INBOX costs at the most.
const (
	answersBack    = 14 * 24 * time.Hour // older messages are not looked at
	answerMessages = 200
	answerBatch    = 10
	answerTries    = 3 // then what can't be read is passed over
	answerTime     = 30 * time.Second
	maxAnswer      = 256 << 10 // bytes of a part as it is sent
)

// position is how far an INBOX was looked through.
type position struct {
	validity uint32
	uid      imap.UID
	tries    int
}

// Answers hands to take the answers that came to an agent's INBOX since the last look, in their order.
// Nothing is marked, moved or kept there. After an error of take the same message is handed again at the
// next look. portal.ErrNotFound where no mailbox of hers can be opened, portal.ErrDenied where the server
// refuses her login, also by its master user: who has no mailbox there is refused alike. ErrTaken for an
// error of take, portal.ErrUnavailable for a server in trouble.
func (s *Store) Answers(ctx context.Context, collectivity portal.CollectivityID, agent portal.AgentID, take func(context.Context, Answer) error) error {
	caller := portal.Caller{Collectivity: collectivity, Agent: agent}
	server, err := s.Server(ctx, collectivity)
	if err != nil {
		return err
	}
	who, err := s.personal(ctx, caller, server)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	err = s.lookThrough(ctx, caller, server, who, take)
	if errors.Is(err, portal.ErrDenied) && server.SignIn == ByPassword {
		return errors.Join(err, s.forgetRefused(context.WithoutCancel(ctx), caller, who)) // tried again it would lock her account
	}
	return err
}

func (s *Store) lookThrough(ctx context.Context, caller portal.Caller, server Server, who credentials, take func(context.Context, Answer) error) error {
	client, err := connect(ctx, server)
	if err != nil {
		return err
	}
	defer client.Close()
	stop := context.AfterFunc(ctx, func() { client.Close() })
	defer stop()
	if err := client.Login(who.login, who.password).Wait(); err != nil && server.SignIn == ByMaster {
		return masterRefusal(err)
	} else if err != nil {
		return refusal(err)
	}
	box, err := client.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		return unreachable(err)
	}
	at, err := s.position(ctx, caller)
	if err != nil {
		return err
	}
	if at.validity != box.UIDValidity {
		at = position{validity: box.UIDValidity}
	}
	uids, err := newSince(client, at.uid)
	if err != nil {
		return unreachable(err)
	}
	for batch := range slices.Chunk(uids, answerBatch) {
		reached, err := s.answersOf(ctx, client, batch, take)
		before := at.uid
		if at.uid = max(at.uid, reached); at.uid != before {
			at.tries = 0
		}
		if err != nil {
			if at.tries++; at.tries >= answerTries && !errors.Is(err, ErrTaken) {
				at.uid, at.tries = batch[len(batch)-1], 0
			}
			return errors.Join(err, s.keepPosition(context.WithoutCancel(ctx), caller, at))
		}
		if err := s.keepPosition(ctx, caller, at); err != nil {
			return err
		}
	}
	return nil
}

// newSince are the messages after one, the first of them.
func newSince(client *imapclient.Client, last imap.UID) ([]imap.UID, error) {
	var after imap.UIDSet
	after.AddRange(last+1, 0)
	found, err := client.UIDSearch(&imap.SearchCriteria{UID: []imap.UIDSet{after}, Since: time.Now().Add(-answersBack)}, nil).Wait()
	if err != nil {
		return nil, err
	}
	uids := slices.DeleteFunc(found.AllUIDs(), func(uid imap.UID) bool { return uid <= last }) // "n:*" finds the last one always
	slices.Sort(uids)
	return uids[:min(len(uids), answerMessages)], nil
}

// ErrTaken is an error of who takes answers: the message is not at fault.
var ErrTaken = errors.New("mail: the answer was not taken")

// answersOf hands over the answers among some messages, and says up to which it came.
func (s *Store) answersOf(ctx context.Context, client *imapclient.Client, uids []imap.UID, take func(context.Context, Answer) error) (reached imap.UID, err error) {
	fetched, err := client.Fetch(imap.UIDSetNum(uids...), &imap.FetchOptions{UID: true, BodyStructure: &imap.FetchItemBodyStructure{}}).Collect()
	if err != nil {
		return 0, unreachable(err)
	}
	slices.SortFunc(fetched, func(a, b *imapclient.FetchMessageBuffer) int { return int(int64(a.UID) - int64(b.UID)) })
	for _, one := range fetched {
		if path, part := answerPart(one.BodyStructure); part != nil {
			answer, err := fetchAnswer(client, one.UID, path, part)
			if err != nil {
				return reached, unreachable(err)
			}
			if answer.Text != nil {
				if err := take(ctx, answer); err != nil {
					return reached, fmt.Errorf("%w: %w", ErrTaken, err)
				}
			}
		}
		reached = one.UID
	}
	return uids[len(uids)-1], nil
}

// answerPart is the part of a message that answers an invitation, nil for none of a size that anybody
// sends.
func answerPart(structure imap.BodyStructure) (at []int, found *imap.BodyStructureSinglePart) {
	if structure == nil {
		return nil, nil
	}
	structure.Walk(func(path []int, part imap.BodyStructure) bool {
		single, ok := part.(*imap.BodyStructureSinglePart)
		if ok && found == nil && single.MediaType() == "text/calendar" && single.Size <= maxAnswer && strings.EqualFold(parameter(single.Params, "method"), "REPLY") {
			at, found = slices.Clone(path), single
		}
		return true
	})
	return at, found
}

func parameter(params map[string]string, name string) string {
	for key, value := range params {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

// fetchAnswer reads one part, without marking its message; an Answer without text for what can't be
// decoded.
func fetchAnswer(client *imapclient.Client, uid imap.UID, path []int, part *imap.BodyStructureSinglePart) (Answer, error) {
	section := &imap.FetchItemBodySection{Part: path, Peek: true, Partial: &imap.SectionPartial{Size: maxAnswer}}
	fetched, err := client.Fetch(imap.UIDSetNum(uid), &imap.FetchOptions{UID: true, Envelope: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{section}}).Collect()
	if err != nil || len(fetched) == 0 {
		return Answer{}, err // it was deleted meanwhile
	}
	answer := Answer{Received: fetched[0].InternalDate}
	if envelope := fetched[0].Envelope; envelope != nil && len(envelope.From) == 1 {
		answer.From = strings.ToLower(envelope.From[0].Addr())
	}
	if sections := fetched[0].BodySection; len(sections) > 0 {
		answer.Text = decodePart(sections[0].Bytes, part.Encoding, parameter(part.Params, "charset"))
	}
	return answer, nil
}

// decodePart is the text of a part in UTF-8, nil for what is not encoded as it says.
func decodePart(body []byte, encoding, set string) []byte {
	var decoded io.Reader = bytes.NewReader(body)
	switch strings.ToLower(encoding) {
	case "base64":
		decoded = base64.NewDecoder(base64.StdEncoding, decoded)
	case "quoted-printable":
		decoded = quotedprintable.NewReader(decoded)
	}
	if set != "" && !strings.EqualFold(set, "utf-8") {
		converted, err := charset.Reader(set, decoded)
		if err != nil {
			return nil
		}
		decoded = converted
	}
	text, err := io.ReadAll(io.LimitReader(decoded, 4*maxAnswer))
	if err != nil {
		return nil
	}
	return text
}

// position is that of an agent's INBOX, the zero value before the first look.
func (s *Store) position(ctx context.Context, caller portal.Caller) (position, error) {
	var at position
	err := s.db.QueryRow(ctx, `SELECT validity, uid, tries FROM mail_positions WHERE collectivity = $1 AND agent = $2`,
		caller.Collectivity, caller.Agent).Scan(&at.validity, &at.uid, &at.tries)
	if errors.Is(err, portal.ErrNotFound) {
		return position{}, nil
	}
	if err != nil {
		return position{}, fmt.Errorf("mail: position: %w", err)
	}
	return at, nil
}

func (s *Store) keepPosition(ctx context.Context, caller portal.Caller, at position) error {
	_, err := s.db.Exec(ctx, `INSERT INTO mail_positions (collectivity, agent, validity, uid, tries) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (collectivity, agent) DO UPDATE SET validity = excluded.validity, uid = excluded.uid, tries = excluded.tries`,
		caller.Collectivity, caller.Agent, int64(at.validity), int64(at.uid), at.tries)
	if err != nil {
		return fmt.Errorf("mail: keep position: %w", err)
	}
	return nil
}
