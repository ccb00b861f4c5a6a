package api

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"parvis/directory/webhooks"
	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/outbox"
)

// Webhook is an address that is told of what changes.
type Webhook struct {
	ID        string     `json:"id"`
	Address   string     `json:"address"`
	Label     string     `json:"label"`
	Kinds     []string   `json:"kinds" nullable:"false" doc:"types of the messages that it is sent; empty for all"`
	State     string     `json:"state" enum:"on,off,stopped,removed" doc:"off: paused; stopped: nothing was taken for five days, or it answered 410; removed: can be restored for thirty days"`
	Created   time.Time  `json:"created"`
	Delivered *time.Time `json:"delivered,omitempty" doc:"when a message was last taken"`
	Failing   *time.Time `json:"failing,omitempty" doc:"since when none is"`
	Waiting   int        `json:"waiting" doc:"messages that are not taken yet"`
}

func webhookOf(one webhooks.Webhook) Webhook {
	told := Webhook{
		ID: one.ID, Address: one.Address, Label: one.Label, Kinds: []string{}, State: string(one.State), Created: one.Created.UTC(),
		Delivered: instant(one.Delivered), Failing: instant(one.Failing), Waiting: one.Waiting,
	}
	for _, kind := range one.Kinds {
		told.Kinds = append(told.Kinds, string(kind))
	}
	return told
}

// WebhookSettings are what one decides about a webhook.
type WebhookSettings struct {
	Address string   `json:"address" maxLength:"500" doc:"https"`
	Label   string   `json:"label" maxLength:"80"`
	Kinds   []string `json:"kinds,omitempty" maxItems:"50" doc:"empty for all"`
}

func (in WebhookSettings) typed() webhooks.Webhook {
	w := webhooks.Webhook{Address: in.Address, Label: in.Label}
	for _, kind := range in.Kinds {
		w.Kinds = append(w.Kinds, outbox.Kind(kind))
	}
	return w
}

// WebhookDelivery is a message, and what became of it.
type WebhookDelivery struct {
	ID      string     `json:"id" doc:"webhook-id of the request"`
	Type    string     `json:"type"`
	At      time.Time  `json:"at"`
	State   string     `json:"state" enum:"waits,taken,lost"`
	Tries   int        `json:"tries"`
	Tried   *time.Time `json:"tried,omitempty"`
	Next    *time.Time `json:"next,omitempty"`
	Status  int        `json:"status,omitempty" doc:"of the last answer, absent when there was none"`
	Answer  string     `json:"answer,omitempty" doc:"its beginning, or a sentence about why there was none"`
	Payload string     `json:"payload" doc:"as it is signed and sent"`
}

func deliveryOf(printer *i18n.Printer, one webhooks.Delivery) WebhookDelivery {
	told := WebhookDelivery{
		ID: one.ID, Type: string(one.Kind), At: one.At.UTC(), State: string(webhooks.Waits), Tries: one.Tries, Tried: instant(one.Tried),
		Next: instant(one.Due), Status: one.Status, Answer: answerOf(printer, one.Answer), Payload: one.Payload,
	}
	if one.Taken {
		told.State = string(webhooks.Taken)
	} else if one.Lost() {
		told.State = string(webhooks.Lost)
	}
	return told
}

func answerOf(printer *i18n.Printer, answer string) string {
	if strings.HasPrefix(answer, "webhooks.fault.") {
		return printer.T(answer)
	}
	return answer
}

type (
	// WebhookList is every webhook, those that can be restored too.
	WebhookList struct {
		Webhooks []Webhook `json:"webhooks" nullable:"false"`
	}
	webhookList struct{ Body WebhookList }
	webhookTold struct{ Body Webhook }
	webhookNew  struct{ Body WebhookSettings }
	// WebhookMade is a webhook with its secret.
	WebhookMade struct {
		Webhook
		Secret string `json:"secret" doc:"shown this once; starts with whsec_"`
	}
	webhookMade struct {
		Location string `header:"Location"`
		Body     WebhookMade
	}
	webhookChange struct {
		ID   string `path:"id" maxLength:"64"`
		Body WebhookSettings
	}
	webhookSecret struct {
		Body struct {
			Secret string `json:"secret" doc:"shown this once; the former one signs too for a day"`
		}
	}
	webhookTried struct {
		Body struct {
			Taken  bool   `json:"taken"`
			Status int    `json:"status,omitempty"`
			Answer string `json:"answer,omitempty"`
			Took   int64  `json:"took" doc:"milliseconds"`
		}
	}
	deliveriesAsked struct {
		ID     string `path:"id" maxLength:"64"`
		State  string `query:"state" enum:"waits,taken,lost"`
		Before string `query:"before" maxLength:"100" doc:"next of the page before"`
		Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	}
	// DeliveryList are messages of the last thirty days, the newest first.
	DeliveryList struct {
		Deliveries []WebhookDelivery `json:"deliveries" nullable:"false"`
		Next       string            `json:"next,omitempty" doc:"for before; absent on the last page"`
	}
	deliveryList  struct{ Body DeliveryList }
	deliveryAsked struct {
		ID      string `path:"id" maxLength:"64"`
		Message string `path:"message" maxLength:"100"`
	}
)

// webhooks registers what is about webhooks, and describes what they are sent.
func (s *Service) webhooks() {
	const tag = "Webhooks"
	missing := []int{http.StatusNotFound}
	operation(s, huma.Operation{
		OperationID: "listWebhooks", Method: http.MethodGet, Path: "/webhooks", Tags: []string{tag}, Summary: "List webhooks",
	}, portal.ScopeWebhooksRead, func(ctx context.Context, by session, _ *nothing) (*webhookList, error) {
		found, err := s.Webhooks.All(ctx, by.Caller)
		list := WebhookList{Webhooks: make([]Webhook, len(found))}
		for i, one := range found {
			list.Webhooks[i] = webhookOf(one)
		}
		return &webhookList{list}, err
	})
	operation(s, huma.Operation{
		OperationID: "addWebhook", Method: http.MethodPost, Path: "/webhooks", Tags: []string{tag}, Summary: "Add a webhook",
		DefaultStatus: http.StatusCreated, Errors: []int{http.StatusConflict, http.StatusUnprocessableEntity},
	}, portal.ScopeWebhooks, func(ctx context.Context, by session, in *webhookNew) (*webhookMade, error) {
		added, secret, err := s.Webhooks.Add(ctx, by.Caller, in.Body.typed(), by.address)
		if err != nil {
			return nil, err
		}
		return &webhookMade{Location: Prefix + "/webhooks/" + added.ID, Body: WebhookMade{webhookOf(added), secret}}, nil
	})
	operation(s, huma.Operation{
		OperationID: "readWebhook", Method: http.MethodGet, Path: "/webhooks/{id}", Tags: []string{tag}, Summary: "Read a webhook", Errors: missing,
	}, portal.ScopeWebhooksRead, s.readWebhook)
	operation(s, huma.Operation{
		OperationID: "changeWebhook", Method: http.MethodPut, Path: "/webhooks/{id}", Tags: []string{tag}, Summary: "Replace the settings of a webhook",
		Errors: append(missing, http.StatusUnprocessableEntity),
	}, portal.ScopeWebhooks, func(ctx context.Context, by session, in *webhookChange) (*webhookTold, error) {
		if err := s.Webhooks.Change(ctx, by.Caller, in.ID, in.Body.typed(), by.address); err != nil {
			return nil, err
		}
		return s.readWebhook(ctx, by, &oneAsked{in.ID})
	})
	operation(s, huma.Operation{
		OperationID: "removeWebhook", Method: http.MethodDelete, Path: "/webhooks/{id}", Tags: []string{tag}, Summary: "Remove a webhook",
		Description: "It can be restored for thirty days, with its secret.", DefaultStatus: http.StatusNoContent, Errors: missing,
	}, portal.ScopeWebhooks, func(ctx context.Context, by session, in *oneAsked) (*nothing, error) {
		return nil, s.Webhooks.Remove(ctx, by.Caller, in.ID, by.address)
	})
	for _, turn := range []struct {
		id, word, summary string
		turn              func(ctx context.Context, caller portal.Caller, id, client string) error
	}{
		{"pauseWebhook", "pause", "Tell it nothing any more", s.Webhooks.Pause},
		{"resumeWebhook", "resume", "Tell it again, first of all to read everything", s.Webhooks.Resume},
		{"restoreWebhook", "restore", "Take a removal back", s.Webhooks.Restore},
	} {
		operation(s, huma.Operation{
			OperationID: turn.id, Method: http.MethodPost, Path: "/webhooks/{id}/" + turn.word, Tags: []string{tag}, Summary: turn.summary,
			DefaultStatus: http.StatusOK, Errors: append(missing, http.StatusConflict),
		}, portal.ScopeWebhooks, func(ctx context.Context, by session, in *oneAsked) (*webhookTold, error) {
			if err := turn.turn(ctx, by.Caller, in.ID, by.address); err != nil {
				return nil, err
			}
			return s.readWebhook(ctx, by, in)
		})
	}
	operation(s, huma.Operation{
		OperationID: "rotateWebhookSecret", Method: http.MethodPost, Path: "/webhooks/{id}/rotate", Tags: []string{tag}, Summary: "Make another secret",
		DefaultStatus: http.StatusOK, Errors: missing,
	}, portal.ScopeWebhooks, func(ctx context.Context, by session, in *oneAsked) (*webhookSecret, error) {
		out := &webhookSecret{}
		var err error
		out.Body.Secret, err = s.Webhooks.Rotate(ctx, by.Caller, in.ID, by.address)
		return out, err
	})
	operation(s, huma.Operation{
		OperationID: "tryWebhook", Method: http.MethodPost, Path: "/webhooks/{id}/try", Tags: []string{tag}, Summary: "Send a test, and tell what was answered",
		DefaultStatus: http.StatusOK, Errors: missing,
	}, portal.ScopeWebhooks, func(ctx context.Context, by session, in *oneAsked) (*webhookTried, error) {
		outcome, err := s.Webhooks.Try(ctx, by.Caller, in.ID)
		out := &webhookTried{}
		out.Body.Taken, out.Body.Status, out.Body.Answer, out.Body.Took = outcome.Taken, outcome.Status, answerOf(by.printer, outcome.Answer), outcome.Took.Milliseconds()
		return out, err
	})
	operation(s, huma.Operation{
		OperationID: "listDeliveries", Method: http.MethodGet, Path: "/webhooks/{id}/deliveries", Tags: []string{tag}, Summary: "List messages of the last thirty days",
		Errors: append(missing, http.StatusUnprocessableEntity),
	}, portal.ScopeWebhooksRead, func(ctx context.Context, by session, in *deliveriesAsked) (*deliveryList, error) {
		found, err := s.Webhooks.Deliveries(ctx, by.Caller, in.ID, webhooks.DeliveryState(in.State), in.Before, in.Limit+1)
		if err != nil {
			return nil, err
		}
		list := DeliveryList{Deliveries: []WebhookDelivery{}}
		if len(found) > in.Limit {
			found = found[:in.Limit]
			list.Next = found[in.Limit-1].ID
		}
		for _, one := range found {
			list.Deliveries = append(list.Deliveries, deliveryOf(by.printer, one))
		}
		return &deliveryList{list}, nil
	})
	operation(s, huma.Operation{
		OperationID: "resendDelivery", Method: http.MethodPost, Path: "/webhooks/{id}/deliveries/{message}/resend", Tags: []string{tag}, Summary: "Send a message again",
		DefaultStatus: http.StatusAccepted, Errors: missing,
	}, portal.ScopeWebhooks, func(ctx context.Context, by session, in *deliveryAsked) (*nothing, error) {
		return nil, s.Webhooks.Resend(ctx, by.Caller, in.ID, in.Message)
	})
	s.describeMessages()
}

func (s *Service) readWebhook(ctx context.Context, by session, in *oneAsked) (*webhookTold, error) {
	found, err := s.Webhooks.Get(ctx, by.Caller, in.ID)
	if err != nil {
		return nil, err
	}
	return &webhookTold{webhookOf(found)}, nil
}

// Message is what a webhook is sent.
type Message struct {
	Type      string      `json:"type" doc:"what happened"`
	Timestamp time.Time   `json:"timestamp" doc:"when"`
	Data      MessageData `json:"data"`
}

// MessageData names what it happened to.
type MessageData struct {
	Collectivity string   `json:"collectivity"`
	Agent        string   `json:"agent,omitempty" doc:"identifier"`
	Group        string   `json:"group,omitempty" doc:"identifier"`
	Unit         string   `json:"unit,omitempty" doc:"identifier"`
	Fields       []string `json:"fields,omitempty" doc:"of the card that changed"`
	Right        string   `json:"right,omitempty" doc:"with agent, group, unit or everyone, who has it or had it"`
	Everyone     bool     `json:"everyone,omitempty"`
	Within       string   `json:"within,omitempty" doc:"unit that the right is limited to, with those below; empty for the whole collectivity"`
	Count        int      `json:"count,omitempty" doc:"of the changes that directory.changed stands for"`
}

// describeMessages describes every type of message (OpenAPI 3.1, "webhooks").
func (s *Service) describeMessages() {
	api := s.api.OpenAPI()
	api.Webhooks = map[string]*huma.PathItem{}
	ref := api.Components.Schemas.Schema(reflect.TypeFor[Message](), true, "Message")
	header := func(name, says string) *huma.Param {
		return &huma.Param{Name: name, In: "header", Required: true, Description: says, Schema: &huma.Schema{Type: huma.TypeString}}
	}
	for _, kind := range append(append([]outbox.Kind{}, outbox.Kinds...), outbox.DirectoryChanged, outbox.Test) {
		api.Webhooks[string(kind)] = &huma.PathItem{Post: &huma.Operation{
			OperationID: "told " + string(kind), Summary: string(kind), Tags: []string{"Webhooks"}, Description: messages[kind],
			Parameters: []*huma.Param{
				header("webhook-id", "one for all tries of a message"), header("webhook-timestamp", "seconds since 1970, of this try"),
				header("webhook-signature", "v1, and the base64 of HMAC-SHA256 over id.timestamp.body; several are parted by blanks"),
			},
			RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: ref}}},
			Responses:   map[string]*huma.Response{"2XX": {Description: "taken"}, "410": {Description: "never again"}},
			Security:    []map[string][]string{},
		}}
	}
}

// messages say what a type of message means.
var messages = map[outbox.Kind]string{
	outbox.AgentCreated: "An agent was added, by a person, a list, the directory server or her first sign-in.",
	outbox.AgentChanged: "Her card changed: fields says what.", outbox.AgentClosed: "She is let in no more.", outbox.AgentReopened: "Her closing was taken back.",
	outbox.AgentErased: "Her card is gone for ever: forget what you know of her.", outbox.AgentGroups: "She joined or left groups.",
	outbox.GroupCreated: "A group was added, or restored.", outbox.GroupChanged: "Its name, or how it is filled.", outbox.GroupMembers: "Agents joined or left it.",
	outbox.GroupDeleted: "It can be restored for thirty days.", outbox.UnitCreated: "A unit was added.", outbox.UnitChanged: "Its name, or its place.",
	outbox.UnitEmptied: "Its agents are in another one.", outbox.UnitDeleted: "It is gone.",
	outbox.RightGiven: "A right was given, or given back.", outbox.RightLent: "A right was lent for a time.", outbox.RightTaken: "A right was taken away.",
	outbox.RightLapsed:      "A right ended by its date.",
	outbox.DirectoryChanged: "So much changed that it is not told one by one, or you were told nothing for a time: read everything again.",
	outbox.Test:             "An administrator tries the address.",
}
