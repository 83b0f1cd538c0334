// Command logverify says whether an exported ledger, or a proof of one entry, is what its signer vouched for.
//
// It is written from the public specifications alone (RFC 6962; C2SP signed-note, tlog-checkpoint, tlog-tiles and
// tlog-proof) over Go's own golang.org/x/mod/sumdb/{note,tlog}, and shares no code and no author's assumptions with
// the ledger that it judges.
//
//	logverify [-older CHECKPOINT]... VKEY DIR
//	logverify -proof [-entry FILE] VKEY FILE.tlog-proof
//
// VKEY is a verifier key, or a file that holds one. Exit code 0: everything agrees. 1: something does not, and the last
// line says what. 2: wrong usage.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

type paths []string

func (p *paths) String() string        { return strings.Join(*p, " ") }
func (p *paths) Set(file string) error { *p = append(*p, file); return nil }

func main() {
	var older paths
	flag.Var(&older, "older", "checkpoint kept from earlier, which the log must still extend; may be repeated")
	proof := flag.Bool("proof", false, "verify a proof of one entry instead of a folder")
	entry := flag.String("entry", "", "with -proof: file with the bytes of the entry")
	flag.Parse()
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	verifier, err := readKey(flag.Arg(0))
	if err == nil {
		if *proof {
			err = checkProof(verifier, flag.Arg(1), *entry)
		} else {
			err = checkFolder(verifier, flag.Arg(1), older)
		}
	}
	if err != nil {
		fmt.Printf("REFUSED %v\n", err)
		os.Exit(1)
	}
	fmt.Println("ACCEPTED")
}

func readKey(text string) (note.Verifier, error) {
	if content, err := os.ReadFile(text); err == nil {
		text = string(content)
	}
	return note.NewVerifier(strings.TrimSpace(text))
}
