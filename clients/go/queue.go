package sessionlog

import (
	"context"
	"sync"
	"time"
)

// rowOverheadBytes is about what a buffered row costs beside its bytes.
const rowOverheadBytes = 40

// queue holds the rows that wait, and those in progress, within bounds, and counts what became of all rows.
//
// Invariant: the rows in progress are the first ones, and numbers rise.
type queue struct {
	options *Options
	began   time.Time
	wake    chan struct{} // has room for one; filled when rows come in and at the end

	mu         sync.Mutex
	left       sync.Cond // signalled when rows leave
	rows       []queuedRow
	inProgress int    // how many of rows
	bytes      int    // of rows
	taken      uint64 // the newest row's number
	closed     bool
	stats      Stats
}

type queuedRow struct {
	number uint64        // from 1, as they come in
	since  time.Duration // from queue.began until it came in
	bytes  []byte
}

func (r queuedRow) size() int { return len(r.bytes) + rowOverheadBytes }

func newQueue(options *Options) *queue {
	q := &queue{options: options, began: time.Now(), wake: make(chan struct{}, 1)}
	q.left.L = &q.mu
	return q
}

// pushed is what became of a row that came in.
type pushed int

const (
	pushedRow pushed = iota
	pushedFull
	pushedClosed
)

// push takes a row in. pushedFull: the row, or older ones in its place, are dropped.
func (q *queue) push(bytes []byte) pushed {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		q.stats.Dropped++
		return pushedClosed
	}
	result, row := pushedRow, queuedRow{q.taken + 1, time.Since(q.began), bytes}
	for len(q.rows) >= q.options.BufferRows || q.bytes+row.size() > q.options.BufferBytes {
		result = pushedFull
		q.stats.Dropped++
		if q.options.Overflow == DropNewest || !q.fitsWithoutWaiting(row) {
			return result
		}
		q.remove(q.inProgress, 1)
	}
	q.rows = append(q.rows, row)
	q.bytes += row.size()
	q.taken++
	q.nudge()
	return result
}

// fitsWithoutWaiting reports whether a new row has room when rows that wait are dropped.
func (q *queue) fitsWithoutWaiting(row queuedRow) bool {
	size := row.size()
	for _, row := range q.rows[:q.inProgress] {
		size += row.size()
	}
	return q.inProgress < min(len(q.rows), q.options.BufferRows) && size <= q.options.BufferBytes
}

// remove drops rows from an index on. Those before it, which are few, are moved.
func (q *queue) remove(index, count int) {
	for _, row := range q.rows[index : index+count] {
		q.bytes -= row.size()
	}
	copy(q.rows[count:], q.rows[:index])
	clear(q.rows[:count])
	q.rows = q.rows[count:]
	q.left.Broadcast()
}

// cut takes the oldest rows into progress: as many as a message of maxBytes has room for, but one at least when there is one.
// Rows that are in progress are taken again.
func (q *queue) cut(maxRows, maxBytes int) (batch [][]byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	size := 0
	for _, row := range q.rows[:min(len(q.rows), maxRows)] {
		size += len(row.bytes)
		if size > maxBytes && len(batch) > 0 {
			break
		}
		batch = append(batch, row.bytes)
	}
	q.inProgress = len(batch)
	return batch
}

// settle removes the oldest rows in progress, and counts them.
func (q *queue) settle(outcome Stats, rows int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.remove(0, rows)
	q.inProgress -= rows
	q.stats.add(outcome)
}

// count adds what happened to rows that are not in the queue.
func (q *queue) count(outcome Stats) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stats.add(outcome)
}

func (q *queue) snapshot() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	stats := q.stats
	stats.Pending = uint64(len(q.rows))
	if len(q.rows) > 0 {
		stats.OldestAge = time.Since(q.began) - q.rows[0].since
	}
	return stats
}

// close takes no more rows in.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.nudge()
}

// drained reports whether it is closed and empty.
func (q *queue) drained() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed && len(q.rows) == 0
}

// flushed waits until the rows that have come in so far are gone.
func (q *queue) flushed(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.left.Broadcast()
	})()
	q.mu.Lock()
	defer q.mu.Unlock()
	for newest := q.taken; len(q.rows) > 0 && q.rows[0].number <= newest; q.left.Wait() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

func (q *queue) nudge() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}
