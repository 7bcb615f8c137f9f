package sessionlog

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/metadata"
)

func TestTraceID(t *testing.T) {
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	const parent = "00-" + id + "-00f067aa0ba902b7-01"
	for _, test := range []struct{ lakehouse, parent, want string }{
		{"", "", ""},
		{"trace:1", "", "trace:1"},
		{"trace:1", parent, "trace:1"},
		{"has space", parent, id},
		{strings.Repeat("x", 129), parent, id},
		{strings.Repeat("x", 128), parent, strings.Repeat("x", 128)},
		{"caf\xc3\xa9", "", ""},
		{"", parent, id},
		{"", "01-" + id + "-00f067aa0ba902b7-01-more", id},
		{"", parent + "-more", ""},
		{"", "ff" + parent[2:], ""},
		{"", "00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01", ""},
		{"", "00-" + id + "-0000000000000000-01", ""},
		{"", strings.ToUpper(parent), ""},
	} {
		header := http.Header{}
		if test.lakehouse != "" {
			header.Set("X-Lakehouse-Trace-Id", test.lakehouse)
		}
		if test.parent != "" {
			header.Set("traceparent", test.parent)
		}
		md := metadata.MD{}
		for key, values := range header {
			md.Append(key, values...)
		}
		ctx := metadata.NewIncomingContext(context.Background(), md)
		if a, b := TraceIDFromHeader(header), TraceIDFromContext(ctx); a != test.want || b != test.want {
			t.Errorf("%q, %q: %q from HTTP, %q from gRPC, want %q", test.lakehouse, test.parent, a, b, test.want)
		}
	}
	if TraceIDFromHeader(nil) != "" || TraceIDFromMetadata(nil) != "" || TraceIDFromContext(context.Background()) != "" {
		t.Error("an id from nowhere")
	}
}
