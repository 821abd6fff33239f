package config

import (
	"errors"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// RecordURL returns where the record of a user is, as UserURLPattern says.
func (a *Auth) RecordURL(email string) (urlpattern.URL, error) {
	if a.UserURLPattern == nil {
		return urlpattern.URL{}, errors.New("auth.userUrlPattern is not set: there are no user records")
	}
	name, err := jsontext.AppendQuote(nil, email)
	if err != nil {
		return urlpattern.URL{}, bus.Errorf(http.StatusBadRequest, "the email is not UTF-8")
	}
	body := append(append([]byte(`{"email":`), name...), '}')
	urls, err := a.UserURLPattern.Expand(&urlpattern.Values{URL: new(urlpattern.URL), Body: body})
	switch {
	case err != nil:
		return urlpattern.URL{}, err
	case len(urls) != 1:
		return urlpattern.URL{}, errors.New("auth.userUrlPattern makes no URL of an email")
	}
	return urls[0], nil
}
