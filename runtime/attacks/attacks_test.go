package attacks

import (
	"io/fs"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// script carries out a row that is more than one request, with a server of its
// own.
type script func(t *testing.T, row attack)

// scripts are the functions of rows. A raw row that has one is not sent as it
// is.
func scripts() map[string]script {
	return map[string]script{
		// These take as long as the limits of time that they wait for.
		"LIMIT-007": alone,
		"LIMIT-008": alone,

		"LIMIT-010": idleConnections,
		"LIMIT-011": pipelined,
		"JSON-035":  increments,

		"CSRF-005":   csrfReferer,
		"JWT-033":    revoked,
		"JWT-036":    clockSkew,
		"LOGIN-001":  loginTiming,
		"LOGIN-002":  loginSame,
		"LOGIN-003":  loginThrottled,
		"LOGIN-004":  loginLocksNobodyOut,
		"LOGIN-005":  loginRow,
		"LOGIN-006":  loginWholePassword,
		"LOGIN-008":  loginRow,
		"LOGIN-009":  loginRow,
		"LOGIN-011":  loginFixation,
		"PIPE-003":   loopOfTwo,
		"PIPE-007":   clientLeaves,
		"URLPAT-050": pipelineToHost,
		"SSRF-026":   endlessAnswer,

		"CONFIG-001": configInvalid,
		"CONFIG-002": configUnknownKind,
		"CONFIG-004": configSameBase,
		"CONFIG-006": configNoRule,
		"CONFIG-008": configHuge,
		"CONFIG-011": configReplaced,
		"CONFIG-012": configUnderLoad,
		"CONFIG-013": configWhileSlow,
		"CONFIG-015": configPortInUse,
		"CONFIG-016": configOneFails,
		"CONFIG-017": configTwoAtOnce,
		"CONFIG-018": configStopWhileLoading,
		"CONFIG-019": configStale,
		"CONFIG-020": configCut,
		"CONFIG-022": configByOthers,

		"PLUGIN-001": pluginExits,
		"PLUGIN-003": pluginStopped,
		"PLUGIN-004": pluginLoops,
		"PLUGIN-005": pluginGarbage,
		"PLUGIN-007": pluginSwapped,
		"PLUGIN-008": pluginPaths,
		"PLUGIN-009": pluginHuge,
		"PLUGIN-012": pluginChatty,
		"PLUGIN-013": pluginForks,
		"PLUGIN-015": pluginSocket,
		"PLUGIN-016": pluginReloaded,
		"PLUGIN-017": pluginServerKilled,
		"PLUGIN-018": pluginLate,

		"FS-001": fsLinkPlanted,
		"FS-002": fsLinkSwapped,
		"FS-003": fsLinkAtName,
		"FS-004": fsHardLink,
		"FS-005": fsSpecial(unix.S_IFIFO),
		"FS-006": fsSpecial(unix.S_IFCHR),
		"FS-008": fsRootMoved,
		"FS-013": fsDenied,
		"FS-010": fsNoInodes,
		"FS-011": faults()["FS-011"].script,
		"FS-012": fsReadOnly,
		"FS-014": faults()["FS-014"].script,
		"FS-016": fsInterrupted,
		"FS-017": faults()["FS-017"].script,
		"FS-020": fsNewDirectories,
		"FS-022": fsStaleTemporary,
		"FS-023": fsModes,
		"FS-024": fsClockBack,
		"FS-025": fsSameTick,

		"ZIP-002": unzipped(packed{name: "/etc/pwned"}),
		"ZIP-003": unzipped(packed{name: `..\pwned`}),
		"ZIP-005": unzipped(packed{name: "a\x00.txt"}),
		"ZIP-006": unzipped(packed{"ln", fs.ModeSymlink | 0o777}, packed{name: "ln/pwned"}),
		"ZIP-007": unzipped(packed{name: "a.txt"}, packed{name: "a.txt"}),
		"ZIP-008": unzipped(packed{name: strings.Repeat("n", 300)}),
		"ZIP-009": unzipped(packed{"pipe", fs.ModeNamedPipe | 0o644}),
		"ZIP-010": unzipped(packed{name: "A.txt"}, packed{name: "a.txt"}),
	}
}

// alone sends a raw row to a server of its own, beside the others.
func alone(t *testing.T, row attack) { newArena(t).attack(t, row) }

// TestAttacks carries out all rows that are not listed: first those that are
// one request, one after the other on one server, then those that have a
// function.
func TestAttacks(t *testing.T) {
	rows, reasons, functions := attacks(t), listed(), scripts()
	tally := newTally(rows)
	t.Cleanup(func() { tally.report(t) })
	shared := newOutgoingArena(t)
	for _, area := range areas(rows) {
		t.Run(area, func(t *testing.T) {
			before, kept := shared.vitals(t), keptMB
			for _, row := range rows {
				if row.Area != area || row.Kind != "raw" || functions[row.ID] != nil || reasons[row.ID] != "" {
					continue
				}
				kept = max(kept, row.Expect.RSSDeltaMB)
				t.Run(row.ID, func(t *testing.T) {
					defer tally.note(t, row)
					shared.attack(t, row)
				})
			}
			shared.assertSettled(t, before, kept)
		})
	}
	for _, row := range rows {
		if function := functions[row.ID]; function != nil {
			t.Run(row.Area+"/"+row.ID, func(t *testing.T) {
				t.Parallel()
				defer tally.note(t, row)
				function(t, row)
			})
		}
	}
}
