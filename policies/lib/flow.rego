# METADATA
# title: What a flow is
# description: Words for connections, so that every policy means the same by them.
package lib.flow

# The device started it.
from_device if input.src_endpoint.ip == input.device.ip

# The device was contacted.
to_device if input.dst_endpoint.ip == input.device.ip

# The device contacts a host that is not on the site (OCSF direction 2).
outbound if {
	input.connection_info.direction_id == 2
	from_device
}

tcp if input.connection_info.protocol_name == "tcp"

# A connection of TCP that nobody answered (activity 4, Fail) or that was
# refused (5). A TLS handshake that goes wrong is not meant.
failed if {
	input.class_uid == 4001
	input.activity_id in {4, 5}
	tcp
	not input.tls
}

# Nobody answered at all.
unanswered if {
	failed
	input.activity_id == 4
}

# Both sides spoke.
established if {
	input.class_uid == 4001
	input.status_id == 1
}
