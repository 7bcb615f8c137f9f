package sessionlog

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/bits"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/sessionlog/sessionlog/clients/go/sessionlogv1"
)

// encodedBatch is a BatchAppendSessionsRequest whose records are encoded already.
type encodedBatch [][]byte

// recordFieldTag is field `records`.
const recordFieldTag = 1<<3 | wireLength

// framedSize is what a row takes as a field of a batch.
func framedSize(row []byte) int {
	return 1 + (bits.Len64(uint64(len(row))|1)+6)/7 + len(row)
}

// batchCodec sends encodedBatch as it is, and reads replies as protobuf does.
type batchCodec struct{}

var _ encoding.CodecV2 = batchCodec{}

func (batchCodec) Name() string { return "proto" }

func (batchCodec) Marshal(message any) (mem.BufferSlice, error) {
	batch, ok := message.(encodedBatch)
	if !ok {
		return nil, fmt.Errorf("sessionlog: cannot send a %T", message)
	}
	size := 0
	for _, row := range batch {
		size += framedSize(row)
	}
	joined := make([]byte, 0, size)
	for _, row := range batch {
		joined = append(joined, recordFieldTag)
		joined = binary.AppendUvarint(joined, uint64(len(row)))
		joined = append(joined, row...)
	}
	return mem.BufferSlice{mem.SliceBuffer(joined)}, nil
}

func (batchCodec) Unmarshal(data mem.BufferSlice, message any) error {
	reply, ok := message.(proto.Message)
	if !ok {
		return fmt.Errorf("sessionlog: cannot read a %T", message)
	}
	return proto.Unmarshal(data.Materialize(), reply)
}

// appendBatch makes one call, of callTimeout at most.
func (l *SessionLogger) appendBatch(ctx context.Context, rows [][]byte) (*sessionlogv1.BatchAppendSessionsResponse, error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, l.options.CallTimeout)
	defer cancel()
	reply := new(sessionlogv1.BatchAppendSessionsResponse)
	const method = sessionlogv1.SessionLog_BatchAppendSessions_FullMethodName
	err := l.conn.invoke(ctx, began, method, encodedBatch(rows), reply, grpc.ForceCodecV2(batchCodec{}))
	if err != nil {
		return nil, err
	}
	if len(reply.Results) != len(rows) {
		return nil, fmt.Errorf("%w: %d results for %d records", errBadReply, len(reply.Results), len(rows))
	}
	return reply, nil
}
