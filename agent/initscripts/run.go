package initscripts

import (
	"context"
	"errors"

	"github.com/rs/zerolog"
)

// Run runs scripts. All fields must be set, but Record's may be empty.
type Run struct {
	Record Record
	Save   func(Record) error // must have it on the disk when it returns
	Do     func(ctx context.Context, statement string) error
	// Lasting tells whether an error of Do would come again, so that trying again is in vain.
	Lasting func(error) bool
	// Again tries what was refused once more, although the file is the same.
	Again bool
	Tell  func(file string, line int, record Record) // before each statement
	Log   zerolog.Logger
}

// Run runs what the record says is left of scripts, in their order. The error is an *Error, or one of Save.
func (r *Run) Run(ctx context.Context, scripts []Script) error {
	for _, script := range scripts {
		r.Record.Add([]string{script.Name})
		if err := r.script(ctx, script); err != nil {
			return err
		}
	}
	return nil
}

func (r *Run) script(ctx context.Context, script Script) error {
	file := &r.Record.Files[r.Record.index(script.Name)]
	if file.complete() {
		return nil
	}
	if known := file.Refused; known != nil && known.Sum == script.Sum && !r.Again {
		return &Error{script.Name, known.Line, true, errors.New(known.Reason)}
	}
	r.resume(file, script)
	for _, statement := range script.Statements[file.Done:] {
		r.Tell(script.Name, statement.Line, r.Record)
		if err := r.Do(ctx, statement.Text); err != nil {
			return r.failed(file, script, statement, err)
		}
		file.Done, file.DoneSum, file.Refused = file.Done+1, after(file.DoneSum, statement), nil
		if file.Done == len(script.Statements) {
			break // recorded with the end of the file
		}
		if err := r.Save(r.Record); err != nil {
			return err
		}
	}
	file.Sum, file.Refused = script.Sum, nil
	if err := r.Save(r.Record); err != nil {
		return err
	}
	r.Log.Info().Str("file", script.Name).Int("statements", len(script.Statements)).Msg("init script has run")
	return nil
}

// resume goes back to the beginning of a file whose statements that have run were changed.
func (r *Run) resume(file *File, script Script) {
	sum := ""
	for _, statement := range script.Statements[:min(file.Done, len(script.Statements))] {
		sum = after(sum, statement)
	}
	if sum == file.DoneSum {
		return
	}
	r.Log.Warn().Str("file", script.Name).Msg("statements that have run were changed: this init script begins anew")
	file.Done, file.DoneSum = 0, ""
}

// failed records a refusal that lasts.
func (r *Run) failed(file *File, script Script, statement Statement, err error) error {
	if !r.Lasting(err) {
		return &Error{script.Name, statement.Line, false, err}
	}
	file.Refused = &Refused{Line: statement.Line, Reason: err.Error(), Sum: script.Sum}
	if err := r.Save(r.Record); err != nil {
		return err
	}
	return &Error{script.Name, statement.Line, true, err}
}

// after is the sum of statements with one more.
func after(done string, statement Statement) string { return sum([]byte(done + "\n" + statement.Text)) }
