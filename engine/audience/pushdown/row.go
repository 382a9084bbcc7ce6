package pushdown

import "encoding/binary"

// The truth of a boolean column.
const (
	null byte = iota
	no
	yes
)

// readRow reads the number of a person and booleans, in the server's binary form.
func readRow(values [][]byte) (id int64, truths []byte) {
	id = int64(binary.BigEndian.Uint64(values[0])) //nolint:gosec // two's complement
	truths = make([]byte, len(values)-1)
	for i, v := range values[1:] {
		switch {
		case len(v) != 1:
			truths[i] = null
		case v[0] == 0:
			truths[i] = no
		default:
			truths[i] = yes
		}
	}
	return id, truths
}
