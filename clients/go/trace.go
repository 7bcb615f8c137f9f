package sessionlog

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/metadata"

	"github.com/sessionlog/sessionlog/clients/go/internal/limits"
)

const (
	traceIDKey     = "x-lakehouse-trace-id"
	traceparentKey = "traceparent"
)

// traceparent is version "-" trace-id "-" parent-id "-" flags, and more after another "-" from version 01 on.
// https://www.w3.org/TR/trace-context/#traceparent-header-field-values
var traceparent = regexp.MustCompile(`^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$`)

// TraceIDFromHeader returns the trace id of an incoming HTTP request: X-Lakehouse-Trace-Id, else that of traceparent. A
// value that is not a valid id is skipped; empty when there is no other.
func TraceIDFromHeader(header http.Header) string {
	return traceIDFrom(header.Values(traceIDKey), header.Values(traceparentKey))
}

// TraceIDFromMetadata returns the same of a gRPC call's metadata.
func TraceIDFromMetadata(md metadata.MD) string {
	return traceIDFrom(md.Get(traceIDKey), md.Get(traceparentKey))
}

// TraceIDFromContext returns the same of the incoming gRPC call whose context it is, else the trace id of its OpenTelemetry
// span.
func TraceIDFromContext(ctx context.Context) string {
	md, _ := metadata.FromIncomingContext(ctx)
	if id := TraceIDFromMetadata(md); id != "" {
		return id
	}
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		return span.TraceID().String()
	}
	return ""
}

// traceID returns the trace id of a context as Options.TraceIDs has it.
func (l *SessionLogger) traceID(ctx context.Context) string {
	if ctx == nil {
		return ""
	}
	if l != nil && l.options.TraceIDs == TraceIDsFromHeader {
		md, _ := metadata.FromIncomingContext(ctx)
		return TraceIDFromMetadata(md)
	}
	return TraceIDFromContext(ctx)
}

// traceIDFrom takes the first valid value. Several values of a header may be joined by commas.
func traceIDFrom(ids, traceparents []string) string {
	for id := range strings.SplitSeq(strings.Join(ids, ","), ",") {
		if id = strings.Trim(id, " \t"); isSessionID(id) {
			return id
		}
	}
	for text := range strings.SplitSeq(strings.Join(traceparents, ","), ",") {
		match := traceparent.FindStringSubmatch(strings.Trim(text, " \t"))
		if match == nil {
			continue
		}
		version, traceID, parentID, rest := match[1], match[2], match[3], match[4]
		if version != "ff" && (version != "00" || rest == "") && !allZeros(traceID) && !allZeros(parentID) {
			return traceID
		}
	}
	return ""
}

func allZeros(text string) bool { return strings.Trim(text, "0") == "" }

func isSessionID(text string) bool {
	isOther := func(r rune) bool { return !isNameByte(r) && r != ':' }
	return text != "" && len(text) <= limits.SessionIdLengthMax && !strings.ContainsFunc(text, isOther)
}
