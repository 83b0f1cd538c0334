package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	samples    = 500 // entries whose inclusion is proved from the tiles, spread evenly
)

// checkFolder verifies everything that a folder in the layout of tlog-tiles holds: the signature, the root recomputed
// from the entries alone, each hash tile against them, inclusion of samples proved from the tiles, and that the log
// extends each of the older checkpoints.
func checkFolder(verifier note.Verifier, dir string, older []string) error {
	tree, err := readCheckpoint(verifier, filepath.Join(dir, "checkpoint"))
	if err != nil {
		return err
	}
	fmt.Printf("checkpoint of %s over %d entries\n", verifier.Name(), tree.N)
	log := &rebuilt{}
	if err := log.readEntries(dir, tree.N); err != nil {
		return err
	}
	if tree.N > 0 {
		root, err := tlog.TreeHash(tree.N, log)
		if err != nil {
			return err
		}
		if root != tree.Hash {
			return fmt.Errorf("the entries have root %v, the checkpoint says %v", root, tree.Hash)
		}
	} else if emptyRoot := sha256Empty(); tree.Hash != emptyRoot {
		return fmt.Errorf("the root of no entries is %v, the checkpoint says %v", emptyRoot, tree.Hash)
	}
	fmt.Printf("root of %d entries\n", tree.N)
	if err := log.checkTiles(dir, tree.N); err != nil {
		return err
	}
	if err := log.checkInclusion(dir, tree); err != nil {
		return err
	}
	for _, file := range older {
		if err := checkExtends(verifier, dir, tree, file); err != nil {
			return err
		}
	}
	return nil
}

// rebuilt is the tree as it follows from the entries, in the order of tlog.StoredHashIndex.
type rebuilt struct {
	hashes []tlog.Hash
	leaves []tlog.Hash
}

func (r *rebuilt) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	read := make([]tlog.Hash, len(indexes))
	for at, index := range indexes {
		if index >= int64(len(r.hashes)) {
			return nil, fmt.Errorf("the log has no hash %d", index)
		}
		read[at] = r.hashes[index]
	}
	return read, nil
}

func (r *rebuilt) readEntries(dir string, size int64) error {
	for first := int64(0); first < size; first += tileWidth {
		width := size - first
		if width > tileWidth {
			width = tileWidth
		}
		name := tilePath("entries", first/tileWidth, int(width))
		bundle, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		for n := first; n < first+width; n++ {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				return fmt.Errorf("%s ends within entry %d", name, n)
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			leaf := tlog.RecordHash(bundle[2:end])
			added, err := tlog.StoredHashesForRecordHash(n, leaf, r)
			if err != nil {
				return err
			}
			r.hashes = append(r.hashes, added...)
			r.leaves = append(r.leaves, leaf)
			bundle = bundle[end:]
		}
		if len(bundle) > 0 {
			return fmt.Errorf("%s has %d bytes after its last entry", name, len(bundle))
		}
	}
	return nil
}

func (r *rebuilt) checkTiles(dir string, size int64) error {
	count := 0
	for level := 0; size>>(tileHeight*level) > 0; level++ {
		hashes := size >> (tileHeight * level)
		for first := int64(0); first < hashes; first += tileWidth {
			width := hashes - first
			if width > tileWidth {
				width = tileWidth
			}
			tile := tlog.Tile{H: tileHeight, L: level, N: first / tileWidth, W: int(width)}
			want, err := tlog.ReadTileData(tile, r)
			if err != nil {
				return err
			}
			name := tilePath(fmt.Sprint(level), tile.N, tile.W)
			got, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				return err
			}
			if !bytes.Equal(got, want) {
				return fmt.Errorf("%s does not follow from the entries", name)
			}
			count++
		}
	}
	fmt.Printf("%d hash tiles\n", count)
	return nil
}

func (r *rebuilt) checkInclusion(dir string, tree tlog.Tree) error {
	if tree.N == 0 {
		return nil
	}
	reader := tlog.TileHashReader(tree, tiles{dir})
	step := tree.N/samples + 1
	count := 0
	for n := int64(0); n < tree.N; n += step {
		proof, err := tlog.ProveRecord(tree.N, n, reader)
		if err != nil {
			return fmt.Errorf("proving entry %d: %w", n, err)
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, n, r.leaves[n]); err != nil {
			return fmt.Errorf("entry %d: %w", n, err)
		}
		count++
	}
	fmt.Printf("%d inclusion proofs\n", count)
	return nil
}

// checkExtends verifies that the log still has, as its beginning, what an older checkpoint signed.
func checkExtends(verifier note.Verifier, dir string, tree tlog.Tree, file string) error {
	old, err := readCheckpoint(verifier, file)
	if err != nil {
		return err
	}
	if old.N > tree.N {
		return fmt.Errorf("%s is over %d entries, the log has only %d", file, old.N, tree.N)
	}
	if old.N > 0 {
		proof, err := tlog.ProveTree(tree.N, old.N, tlog.TileHashReader(tree, tiles{dir}))
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
			return fmt.Errorf("the log does not extend %s: %w", file, err)
		}
	}
	fmt.Printf("extends the checkpoint over %d entries\n", old.N)
	return nil
}
