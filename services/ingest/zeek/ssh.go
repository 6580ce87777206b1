package zeek

import (
	"github.com/cordon-iot/cordon/ocsf"
	"github.com/cordon-iot/cordon/services/ingest/field"
	"github.com/cordon-iot/cordon/services/ingest/report"
)

// ssh is the log of SSH sessions. That a logon worked is Zeek's guess from the
// lengths of packets; it is missing where Zeek does not dare to guess.
type ssh struct {
	line
	version, direction, client, server string
	cipher, mac, compression, kex      string
	hostKeyAlg, hostKey                string
	hassh, hasshServer                 string
	success                            ocsf.Opt[bool]
	attempts                           ocsf.Opt[int64]
}

func newSSH() *ssh {
	s := &ssh{}
	s.bind("ssh", field.Table{
		"version":         field.Text(&s.version),
		"auth_success":    field.Bool(&s.success),
		"auth_attempts":   field.Int(&s.attempts),
		"direction":       field.Text(&s.direction),
		"client":          field.Text(&s.client),
		"server":          field.Text(&s.server),
		"cipher_alg":      field.Text(&s.cipher),
		"mac_alg":         field.Text(&s.mac),
		"compression_alg": field.Text(&s.compression),
		"kex_alg":         field.Text(&s.kex),
		"host_key_alg":    field.Text(&s.hostKeyAlg),
		"host_key":        field.Text(&s.hostKey),
		"hassh":           field.Text(&s.hassh),
		"hasshServer":     field.Text(&s.hasshServer),
	})
	return s
}

func (s *ssh) clear() {
	s.line.clear()
	*s = ssh{line: s.line}
}

func (s *ssh) fill(r *report.Report) {
	r.Begin(ocsf.ClassSSHActivity, s.stage())
	r.Result(worked(s.success))
	s.connect(r, "tcp")
	r.App("ssh")
	r.Event.ProtocolVer = s.version
	r.Event.ClientHassh = hassh(s.hassh)
	r.Event.ServerHassh = hassh(s.hasshServer)
	r.KeepInt("ssh_auth_attempts", s.attempts)
	r.KeepBool("ssh_auth_success", s.success)
	r.KeepText("ssh_cipher", s.cipher)
	r.KeepText("ssh_client", s.client)
	r.KeepText("ssh_compression", s.compression)
	r.KeepText("ssh_direction", s.direction)
	r.KeepText("ssh_host_key", s.hostKey)
	r.KeepText("ssh_host_key_alg", s.hostKeyAlg)
	r.KeepText("ssh_kex", s.kex)
	r.KeepText("ssh_mac", s.mac)
	r.KeepText("ssh_server", s.server)
}

// stage is how far the session came. A session is open once a logon worked.
func (s *ssh) stage() int {
	switch {
	case !s.success.Set:
		return ocsf.ActivitySSHTraffic
	case s.success.Value:
		return ocsf.ActivitySSHOpen
	}
	return ocsf.ActivitySSHFail
}

func hassh(v string) *ocsf.Hassh {
	if v == "" {
		return nil
	}
	return &ocsf.Hassh{Fingerprint: report.MD5(v)}
}
