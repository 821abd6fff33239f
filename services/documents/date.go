package documents

import (
	"net/http"
	"time"
)

// appendDate appends a time as http.TimeFormat has it, which the time package
// takes several times as long for: each answer has one.
func appendDate(to []byte, t time.Time) []byte {
	const days, months = "SunMonTueWedThuFriSat", "JanFebMarAprMayJunJulAugSepOctNovDec"
	t = t.UTC()
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return t.AppendFormat(to, http.TimeFormat)
	}
	hour, minute, second := t.Clock()
	weekday := 3 * int(t.Weekday())
	to = append(append(to, days[weekday:weekday+3]...), ", "...)
	to = append(appendTwo(to, day), ' ')
	to = append(append(to, months[3*month-3:3*month]...), ' ')
	to = append(appendTwo(appendTwo(to, year/100), year%100), ' ')
	to = append(appendTwo(to, hour), ':')
	to = append(appendTwo(to, minute), ':')
	return append(appendTwo(to, second), " GMT"...)
}

// appendTwo appends a number of two digits.
func appendTwo(to []byte, n int) []byte { return append(to, byte('0'+n/10), byte('0'+n%10)) }
