package main

import (
	"encoding/json"
	"fmt"
)

const deviceCount = 2000

// device is an entry of the inventory.
type device struct {
	id, name, kind, model, vendor, zone string
	mac, ip, version, hash, owner       string
	vlan                                int
}

// site is what is true of the simulated site: what policies read as data.site.
type site struct {
	devices []device
	hashes  map[string][]string // of firmware that a model may run
}

func newSite(g *gen) *site {
	s := &site{hashes: map[string][]string{}}
	for i := range 40 {
		model := fmt.Sprintf("M-%02d", i)
		s.hashes[model] = []string{g.hex(40), g.hex(40), g.hex(40)}
	}
	for i := range deviceCount {
		m := g.IntN(40)
		model := fmt.Sprintf("M-%02d", m)
		s.devices = append(s.devices, device{
			id: fmt.Sprintf("dev-%04d", i), name: fmt.Sprintf("unit %d in hall %d", i, g.IntN(30)),
			kind: fmt.Sprintf("kind-%02d", m/2), model: model, vendor: fmt.Sprintf("vendor-%d", m/4),
			zone: fmt.Sprintf("zone-%d", g.IntN(8)), owner: fmt.Sprintf("team-%02d", g.IntN(12)), vlan: 100 + g.IntN(100),
			mac: fmt.Sprintf("02:00:5e:%02x:%02x:%02x", i>>8, i&0xff, m), ip: fmt.Sprintf("10.%d.%d.%d", i%8, i>>8, 1+i%250),
			version: fmt.Sprintf("%d.%d.%d", 2+g.IntN(3), g.IntN(10), g.IntN(20)), hash: s.hashes[model][g.IntN(3)],
		})
	}
	return s
}

// data is data.site: documents by name.
func (s *site) data() map[string]any {
	inventory := map[string]any{}
	for _, d := range s.devices {
		inventory[d.id] = map[string]any{
			"type": d.kind, "model": d.model, "zone": d.zone, "owner": d.owner, "vlan": d.vlan,
			"mac": d.mac, "ip": d.ip, "version": d.version,
		}
	}
	return map[string]any{"inventory": inventory, "firmware": s.hashes, "admins": []string{"10.0.0.5", "10.0.0.6", "10.1.0.5"}}
}

// files are the documents as a folder of policies holds them.
func (s *site) files() (map[string][]byte, error) {
	files := map[string][]byte{}
	for name, doc := range s.data() {
		text, err := json.Marshal(map[string]any{name: doc})
		if err != nil {
			return nil, err
		}
		files["site/"+name+".json"] = text
	}
	return files, nil
}
