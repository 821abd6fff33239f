package cli

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"text/tabwriter"
)

// printTable prints rows in aligned columns, the first row being their heads.
func printTable(w io.Writer, rows [][]string) error {
	whole := bufio.NewWriter(w) // a table writes each cell by itself
	table := tabwriter.NewWriter(whole, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if _, err := io.WriteString(table, strings.Join(row, "\t")+"\n"); err != nil {
			return err
		}
	}
	return errors.Join(table.Flush(), whole.Flush())
}
