package database_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"parvis/portal/database"
)

// TestOfFailuresInARowTheFirstIsTold, and the next one after it went well.
func TestOfFailuresInARowTheFirstIsTold(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	first, second := errors.New("first"), errors.New("second")
	turns := []error{nil, first, second, nil, second, first}
	var told []error
	err := database.Again(ctx, time.Microsecond, func(context.Context) error {
		one := turns[0]
		if turns = turns[1:]; len(turns) == 0 {
			cancel() // what fails while it stops is not told
		}
		return one
	}, func(err error) { told = append(told, err) })
	if err != nil || len(turns) > 0 || !slices.Equal(told, []error{first, second}) {
		t.Errorf("told %v, %d turns are left, %v", told, len(turns), err)
	}
}
