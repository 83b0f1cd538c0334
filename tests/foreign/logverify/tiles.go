package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"
)

// tiles reads hash tiles from a folder, for tlog.TileHashReader, which checks them against the signed root.
type tiles struct{ dir string }

func (t tiles) Height() int                     { return tileHeight }
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	read := make([][]byte, len(wanted))
	for at, tile := range wanted {
		data, err := os.ReadFile(filepath.Join(t.dir, tilePath(fmt.Sprint(tile.L), tile.N, tile.W)))
		if err != nil {
			return nil, err
		}
		read[at] = data
	}
	return read, nil
}

// tilePath spells where a tile lies: tlog-tiles, "Merkle Tree". Three digits to a folder, all but the last with an x.
func tilePath(level string, index int64, width int) string {
	path := fmt.Sprintf("%03d", index%1000)
	for index /= 1000; index > 0; index /= 1000 {
		path = fmt.Sprintf("x%03d/%s", index%1000, path)
	}
	if width < tileWidth {
		path += fmt.Sprintf(".p/%d", width)
	}
	return filepath.Join("tile", level, path)
}

// sha256Empty is the root of a tree without leaves, RFC 6962 section 2.1.
func sha256Empty() tlog.Hash { return tlog.Hash(sha256.Sum256(nil)) }
