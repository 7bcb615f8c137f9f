package sessionlog

import (
	"context"
	"sync"
)

// rowOverheadBytes is about what a buffered row costs beside its bytes.
const rowOverheadBytes = 32

// queue holds the rows that wait, and those under way, within bounds; and it counts what became of them.
//
// Invariant: rows are numbered from 1 as they come in; those under way are older than all that wait.
type queue struct {
	maxRows, maxBytes int
	overflow          Overflow
	wake              chan struct{} // has room for one; filled when rows come in and at the end

	mu       sync.Mutex
	waiting  [][]byte
	underway [][]byte
	bytes    int    // of waiting and underway
	taken    uint64 // the last row's number
	first    uint64 // the number of underway[0]
	closed   bool
	settled  chan struct{} // closed, and forgotten, when rows leave; nil when nobody waits for that
	stats    Stats
}

func newQueue(options *Options) *queue {
	return &queue{
		maxRows:  options.BufferRows,
		maxBytes: options.BufferBytes,
		overflow: options.Overflow,
		wake:     make(chan struct{}, 1),
	}
}

// pushed tells what became of a row that came in.
type pushed int

const (
	pushedRow pushed = iota
	pushedFull
	pushedClosed
)

// push takes a row in. pushedFull: the row, or older ones in its place, are dropped.
func (q *queue) push(row []byte) pushed {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		q.stats.Dropped++
		return pushedClosed
	}
	result := pushedRow
	size := len(row) + rowOverheadBytes
	for len(q.waiting)+len(q.underway) >= q.maxRows || q.bytes+size > q.maxBytes {
		result = pushedFull
		q.stats.Dropped++
		if q.overflow == DropNewest || !q.fitsWithoutWaiting(size) {
			return result
		}
		q.forget(&q.waiting, 1)
		q.tellSettled()
	}
	q.waiting = append(q.waiting, row)
	q.bytes += size
	q.taken++
	q.nudge()
	return result
}

// fitsWithoutWaiting tells whether it is of use to drop waiting rows for a new one.
func (q *queue) fitsWithoutWaiting(size int) bool {
	for _, row := range q.underway {
		size += len(row) + rowOverheadBytes
	}
	return len(q.waiting) > 0 && len(q.underway) < q.maxRows && size <= q.maxBytes
}

// cut moves the oldest waiting rows under way: as many as a message of maxBytes has room for, but one at least. None when
// nothing waits. Nothing is to be under way.
func (q *queue) cut(maxRows, maxBytes int) [][]byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	count, size := 0, 0
	for count < len(q.waiting) && count < maxRows {
		size += len(q.waiting[count])
		if size > maxBytes && count > 0 {
			break
		}
		count++
	}
	q.first = q.taken - uint64(len(q.waiting)) + 1
	q.underway = append(q.underway, q.waiting[:count]...)
	clear(q.waiting[:count])
	q.waiting = q.waiting[count:]
	if len(q.waiting) == 0 {
		q.waiting = nil
	}
	return append([][]byte(nil), q.underway...)
}

// settle lets go of the oldest rows under way, and counts them.
func (q *queue) settle(outcome Stats, rows int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.forget(&q.underway, rows)
	q.first += uint64(rows)
	q.add(outcome)
	q.tellSettled()
}

// count adds what happened to rows that are not in the queue.
func (q *queue) count(outcome Stats) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.add(outcome)
}

func (q *queue) add(outcome Stats) {
	q.stats.Appended += outcome.Appended
	q.stats.Duplicate += outcome.Duplicate
	q.stats.Refused += outcome.Refused
	q.stats.Dropped += outcome.Dropped
	q.stats.Spilled += outcome.Spilled
	q.stats.Retried += outcome.Retried
}

func (q *queue) snapshot() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	stats := q.stats
	stats.Pending = uint64(len(q.waiting) + len(q.underway))
	return stats
}

// close takes no more rows in.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.nudge()
}

// drained tells whether it is closed and nothing waits.
func (q *queue) drained() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed && len(q.waiting) == 0
}

// takeAll hands out all that is left, the oldest first. The caller is to count them.
func (q *queue) takeAll() [][]byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	rows := append(q.underway, q.waiting...)
	q.underway, q.waiting, q.bytes = nil, nil, 0
	q.tellSettled()
	return rows
}

// flushed waits until the rows that have come in so far are gone.
func (q *queue) flushed(ctx context.Context) error {
	q.mu.Lock()
	target := q.taken
	for {
		oldestUnderway := len(q.underway) > 0 && q.first <= target
		oldestWaiting := q.taken-uint64(len(q.waiting)) < target
		if !oldestUnderway && !oldestWaiting {
			q.mu.Unlock()
			return nil
		}
		if q.settled == nil {
			q.settled = make(chan struct{})
		}
		settled := q.settled
		q.mu.Unlock()
		select {
		case <-settled:
		case <-ctx.Done():
			return ctx.Err()
		}
		q.mu.Lock()
	}
}

// forget drops the first rows of a list.
func (q *queue) forget(rows *[][]byte, count int) {
	for _, row := range (*rows)[:count] {
		q.bytes -= len(row) + rowOverheadBytes
	}
	clear((*rows)[:count])
	*rows = (*rows)[count:]
}

func (q *queue) tellSettled() {
	if q.settled != nil {
		close(q.settled)
		q.settled = nil
	}
}

func (q *queue) nudge() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}
