// Command territory turns Etalab's description of the French territory, a folder
// of JSON files, into the one compact file that portal/territory embeds:
// lines of cells between tabs, deflated.
//
//	R  code  name
//	D  code  region  link  name
//	E  SIREN  form  département  population  name
//	C  INSEE  population  SIREN  postal codes between commas  link  name
//
// A cell that the source does not know is empty. link is INSEE's TNCC, which
// says how "de" and the name are joined.
package main

import (
	"bufio"
	"cmp"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

type commune struct {
	Code, Nom, Type, Departement, Siren string
	TypeLiaison, Population             int
	CodesPostaux                        []string
}

type area struct {
	Code, Nom, Region, Type string
	TypeLiaison             int
	PopulationMunicipale    int
	Membres                 []struct {
		Code                 string
		PopulationMunicipale int
	}
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: territory FOLDER")
	}
	if err := write(os.Stdout, os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func write(to io.Writer, folder string) error {
	var communes []commune
	var regions, departements, groups []area
	for name, into := range map[string]any{"communes": &communes, "regions": &regions, "departements": &departements, "epci": &groups} {
		text, err := os.ReadFile(filepath.Join(folder, name+".json"))
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, into); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	packed, err := flate.NewWriter(to, flate.BestCompression)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(packed)
	for _, one := range sorted(regions) {
		line(out, "R", one.Code, one.Nom)
	}
	for _, one := range sorted(departements) {
		line(out, "D", one.Code, one.Region, one.TypeLiaison, one.Nom)
	}
	home := map[string]string{}
	slices.SortFunc(communes, func(a, b commune) int { return cmp.Compare(a.Code, b.Code) })
	for _, one := range communes {
		home[one.Code] = one.Departement
	}
	for _, one := range sorted(groups) {
		line(out, "E", one.Code, one.Type, seat(one, home), one.PopulationMunicipale, one.Nom)
	}
	for _, one := range communes {
		if one.Type == "commune-actuelle" {
			line(out, "C", one.Code, one.Population, one.Siren, strings.Join(one.CodesPostaux, ","), one.TypeLiaison, one.Nom)
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return packed.Close()
}

func sorted(areas []area) []area {
	slices.SortFunc(areas, func(a, b area) int { return cmp.Compare(a.Code, b.Code) })
	return areas
}

// seat is the département where most people of an intercommunality live.
func seat(one area, home map[string]string) (most string) {
	count := map[string]int{}
	for _, member := range one.Membres {
		code := home[member.Code]
		count[code] += member.PopulationMunicipale
		if best := count[most]; most == "" || count[code] > best || count[code] == best && code < most {
			most = code
		}
	}
	return most
}

func line(out io.Writer, cells ...any) {
	for i, cell := range cells {
		text := fmt.Sprint(cell)
		if text == "0" && i > 0 && i < len(cells)-1 {
			text = ""
		}
		if strings.ContainsAny(text, "\t\n") {
			log.Fatalf("a cell holds a tab: %q", text)
		}
		if i > 0 {
			fmt.Fprint(out, "\t")
		}
		fmt.Fprint(out, text)
	}
	fmt.Fprintln(out)
}
