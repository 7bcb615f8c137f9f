// Command go sends the golden records with the Go client, for conformance/go.mjs.
//
// Each line of standard input is a case, {"name": …, "send": the record's ProtoJSON as text}; each line of standard output
// is a result. With `-by client` the records go through AppendSync, with `-by stubs` through the generated stubs alone, and
// with `-by buffer` through Append; then the one result is what Stats tells after Close.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	sessionlog "github.com/sessionlog/sessionlog/clients/go"
	"github.com/sessionlog/sessionlog/clients/go/sessionlogv1"
)

type result struct {
	Name       string      `json:"name"`
	Sequence   uint64      `json:"sequence,omitempty"`
	Duplicate  bool        `json:"duplicate"`
	Violations []violation `json:"violations,omitempty"`
	Error      string      `json:"error,omitempty"`
}

type violation struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

func main() {
	address := flag.String("address", "", "the service")
	by := flag.String("by", "client", "client, stubs or buffer")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := run(ctx, *address, *by, os.Stdin, json.NewEncoder(os.Stdout)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, address, by string, input io.Reader, output *json.Encoder) error {
	logger := sessionlog.NewSessionLogger(address, sessionlog.Options{
		Daemon: "conformance-go",
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	stubs := sessionlogv1.NewSessionLogClient(conn)

	lines := bufio.NewScanner(input)
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		var golden struct{ Name, Send string }
		record := new(sessionlogv1.SessionRecord)
		if err := json.Unmarshal(lines.Bytes(), &golden); err != nil {
			return err
		}
		if err := protojson.Unmarshal([]byte(golden.Send), record); err != nil {
			return fmt.Errorf("%s: %w", golden.Name, err)
		}
		var answer result
		switch by {
		case "client":
			answer = byClient(ctx, logger, record)
		case "stubs":
			answer = byStubs(ctx, stubs, record)
		default:
			logger.Append(sessionlog.RecordFromProto(record))
			continue
		}
		answer.Name = golden.Name
		if err := output.Encode(answer); err != nil {
			return err
		}
	}
	if err := errors.Join(lines.Err(), logger.Close(ctx)); err != nil || by != "buffer" {
		return err
	}
	return output.Encode(logger.Stats())
}

func byClient(ctx context.Context, logger *sessionlog.SessionLogger, record *sessionlogv1.SessionRecord) result {
	appended, err := logger.AppendSync(ctx, sessionlog.RecordFromProto(record))
	var refused *sessionlog.RefusedError
	if errors.As(err, &refused) {
		answer := result{}
		for _, found := range refused.Violations {
			answer.Violations = append(answer.Violations, violation{found.Field, found.Reason})
		}
		return answer
	}
	if err != nil {
		return result{Error: err.Error()}
	}
	return result{Sequence: appended.Sequence, Duplicate: appended.Duplicate}
}

func byStubs(ctx context.Context, stubs sessionlogv1.SessionLogClient, record *sessionlogv1.SessionRecord) result {
	reply, err := stubs.AppendSession(ctx, &sessionlogv1.AppendSessionRequest{Record: record})
	if err == nil {
		return result{Sequence: reply.GetSequence(), Duplicate: reply.GetDuplicate()}
	}
	answer := result{}
	for _, detail := range status.Convert(err).Details() {
		request, _ := detail.(*errdetails.BadRequest)
		for _, found := range request.GetFieldViolations() {
			answer.Violations = append(answer.Violations, violation{found.GetField(), found.GetReason()})
		}
	}
	if status.Code(err) != codes.InvalidArgument || len(answer.Violations) == 0 {
		answer.Error = err.Error()
	}
	return answer
}
