package sessionlog

import (
	"context"
	"net/http"
	"testing"

	"google.golang.org/grpc/metadata"
)

func TestTraceID(t *testing.T) {
	type traceCase struct {
		Headers  [][2]string
		Expected string
	}
	for name, test := range readCases[traceCase](t, "trace_ids.jsonl") {
		header, md := http.Header{}, metadata.MD{}
		for _, pair := range test.Headers {
			header.Add(pair[0], pair[1])
			md.Append(pair[0], pair[1])
		}
		ctx := metadata.NewIncomingContext(context.Background(), md)
		if a, b := TraceIDFromHeader(header), TraceIDFromContext(ctx); a != test.Expected || b != test.Expected {
			t.Errorf("%s: %q from HTTP, %q from gRPC, want %q", name, a, b, test.Expected)
		}
	}
	if TraceIDFromHeader(nil) != "" || TraceIDFromMetadata(nil) != "" || TraceIDFromContext(context.Background()) != "" {
		t.Error("an id from nowhere")
	}
}
