package report

import "github.com/cordon-iot/cordon/ocsf"

// MD5 is a fingerprint by MD5, which JA3 and HASSH use; nil if there is none.
func MD5(v string) *ocsf.Fingerprint { return fingerprint(ocsf.HashMD5, v) }

// SHA1 is a fingerprint by SHA-1; nil if there is none.
func SHA1(v string) *ocsf.Fingerprint { return fingerprint(ocsf.HashSHA1, v) }

func fingerprint(algorithm int, v string) *ocsf.Fingerprint {
	if v == "" {
		return nil
	}
	return &ocsf.Fingerprint{AlgorithmID: algorithm, Value: v}
}
