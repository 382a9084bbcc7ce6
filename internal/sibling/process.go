package sibling

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"sync/atomic"
	"time"
)

// process is a running herald-temporal.
type process struct {
	cmd       *exec.Cmd
	stdin     io.Closer // closing it tells the program to end
	announced chan announcement
	exited    chan struct{} // closed at the end
	ended     atomic.Bool   // because end was called
}

// announcement is the line of JSON that the program prints when it is ready.
type announcement struct {
	Address string `json:"address"`
	UI      string `json:"ui"`
	Version string `json:"version"`
}

// launch runs program and follows what it says.
func launch(program string, args []string, log *logFile) (*process, error) {
	cmd := exec.Command(program, args...)
	cmd.Stderr = log.file // the file itself: it still writes when we are gone
	detach(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}

	p := &process{
		cmd:       cmd,
		stdin:     stdin,
		announced: make(chan announcement, 1),
		exited:    make(chan struct{}),
	}
	go func() {
		defer close(p.exited)
		p.follow(stdout, log.file)
		_ = cmd.Wait() // how it ended is in cmd.ProcessState
	}()
	return p, nil
}

// follow reads stdout to its end. The line that announces the server is sent on,
// and anything else belongs in the log.
func (p *process) follow(stdout io.Reader, log io.Writer) {
	lines := bufio.NewReader(stdout)
	for {
		line, err := lines.ReadBytes('\n')
		var a announcement
		if json.Unmarshal(bytes.TrimSpace(line), &a) == nil && a.Address != "" {
			p.announced <- a
			break
		}
		_, _ = log.Write(line)
		if err != nil {
			return
		}
	}
	_, _ = io.Copy(log, lines)
}

// ready waits until the program announces itself.
func (p *process) ready(ctx context.Context) (announcement, error) {
	select {
	case a := <-p.announced:
		return a, nil
	case <-p.exited:
		return announcement{}, fmt.Errorf("it ended: %s", p.state())
	case <-ctx.Done():
		return announcement{}, fmt.Errorf("given up while it started: %w", context.Cause(ctx))
	}
}

// end tells the program to end, kills it if it does not, and returns when it is
// gone.
func (p *process) end() {
	select {
	case <-p.exited: // by itself
		return
	default:
	}
	p.ended.Store(true)
	_ = p.stdin.Close()
	select {
	case <-p.exited:
	case <-time.After(stopGrace):
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}

// state is how the program ended. It must have.
func (p *process) state() string { return p.cmd.ProcessState.String() }
