package main

import (
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// soakAll is the variable of the environment that has large files be 1 GiB.
const soakAll = "RESTSPACE_SOAK"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func largeSize() int64 {
	if os.Getenv(soakAll) != "" {
		return 1 << 30
	}
	return 64 << 20
}

// large is "large PATH": it puts a large file there and reads it again. The
// bytes have to be the same.
func large(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: large PATH")
	}
	size, url := largeSize(), address(ts)+args[0]
	sent, received := crc32.New(castagnoli), crc32.New(castagnoli)
	noise := io.LimitReader(rand.NewChaCha8([32]byte{}), size)
	up, err := http.NewRequest(http.MethodPut, url, io.TeeReader(noise, sent))
	ts.Check(err)
	up.ContentLength = size
	begun := time.Now()
	_, err = stream(up, http.StatusCreated, io.Discard)
	ts.Check(err)
	put := time.Since(begun)
	down, err := http.NewRequest(http.MethodGet, url, nil)
	ts.Check(err)
	n, err := stream(down, http.StatusOK, received)
	ts.Check(err)
	if n != size || received.Sum32() != sent.Sum32() {
		ts.Fatalf("%d bytes came back, or others than the %d that were sent", n, size)
	}
	ts.Logf("%d MiB up in %v, down in %v", size>>20, put, time.Since(begun)-put)
}

// stream makes a request, and writes the body of its reply to w.
func stream(r *http.Request, status int, w io.Writer) (n int64, err error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	reply, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer reply.Body.Close()
	if reply.StatusCode != status {
		return 0, fmt.Errorf("%s %s: %s", r.Method, r.URL.Path, reply.Status)
	}
	return io.Copy(w, reply.Body)
}

// peak is "peak MIB": no process in the background has ever had more memory.
func peak(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: peak MIB")
	}
	most, err := strconv.Atoi(args[0])
	ts.Check(err)
	for _, p := range alive(ts) {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Pid))
		ts.Check(err)
		found := peakForm.FindSubmatch(status)
		if found == nil {
			ts.Fatalf("no VmHWM in the status of the process %d", p.Pid)
		}
		kib, err := strconv.Atoi(string(found[1]))
		ts.Check(err)
		ts.Logf("the most memory of process %d was %d MiB", p.Pid, kib>>10)
		if kib>>10 >= most && !raceDetector {
			ts.Fatalf("which is not less than %d MiB", most)
		}
	}
}

var peakForm = regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`)
