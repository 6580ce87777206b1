package wkafka

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/segmentio/kafka-go"
)

// ACL lets a principal do an operation with a resource, or forbids it.
type ACL struct {
	Principal string // such as "User:ingest"
	Host      string // "*": any
	Resource  kafka.ResourceType
	Name      string // of the resource, or its beginning
	Pattern   kafka.PatternType
	Operation kafka.ACLOperationType
	Deny      bool
}

// ErrNoACLs means that the cluster has no authorizer: everybody may do
// everything.
var ErrNoACLs = errors.New("kafka: the cluster has no authorizer: whoever connects may do everything")

// String is such as "User:ingest may Read Topic raw.zeek".
func (a ACL) String() string {
	may := " may "
	if a.Deny {
		may = " may not "
	}
	name := a.Name
	if a.Pattern == kafka.PatternTypePrefixed {
		name += "*"
	}
	return a.Principal + may + a.Operation.String() + " " + a.Resource.String() + " " + name
}

// Covers reports whether an ACL that allows gives the right want, directly or
// by what Kafka derives from it: Read, Write, Delete and Alter hold Describe,
// AlterConfigs holds DescribeConfigs, and All holds everything.
func (a ACL) Covers(want ACL) bool {
	return a.concerns(want) && !a.Deny && implies(a.Operation, want.Operation)
}

// Forbids reports whether an ACL that forbids takes the right want away.
func (a ACL) Forbids(want ACL) bool {
	return a.concerns(want) && a.Deny && (a.Operation == want.Operation || a.Operation == kafka.ACLOperationTypeAll)
}

// concerns reports whether a is about the principal and the resource of want.
func (a ACL) concerns(want ACL) bool {
	if a.Principal != want.Principal && a.Principal != "User:*" || a.Resource != want.Resource {
		return false
	}
	if a.Pattern == kafka.PatternTypePrefixed {
		return strings.HasPrefix(want.Name, a.Name)
	}
	return a.Name == want.Name && want.Pattern != kafka.PatternTypePrefixed || a.Name == "*"
}

func implies(has, want kafka.ACLOperationType) bool {
	if has == want || has == kafka.ACLOperationTypeAll {
		return true
	}
	switch want {
	case kafka.ACLOperationTypeDescribe:
		return has == kafka.ACLOperationTypeRead || has == kafka.ACLOperationTypeWrite ||
			has == kafka.ACLOperationTypeDelete || has == kafka.ACLOperationTypeAlter
	case kafka.ACLOperationTypeDescribeConfigs:
		return has == kafka.ACLOperationTypeAlterConfigs
	}
	return false
}

// ACLs returns all ACLs of the cluster, or ErrNoACLs.
func (a *Admin) ACLs(ctx context.Context) ([]ACL, error) {
	res, err := a.cluster.client.DescribeACLs(ctx, &kafka.DescribeACLsRequest{Filter: kafka.ACLFilter{
		ResourceTypeFilter: kafka.ResourceTypeAny, ResourcePatternTypeFilter: kafka.PatternTypeAny,
		Operation: kafka.ACLOperationTypeAny, PermissionType: kafka.ACLPermissionTypeAny,
	}})
	if err == nil {
		err = res.Error
	}
	if errors.Is(err, kafka.SecurityDisabled) {
		return nil, ErrNoACLs
	}
	if err != nil {
		return nil, fmt.Errorf("read ACLs: %w", err)
	}
	var out []ACL
	for _, r := range res.Resources {
		for _, d := range r.ACLs {
			out = append(out, ACL{
				Principal: d.Principal, Host: d.Host, Resource: r.ResourceType, Name: r.ResourceName, Pattern: r.PatternType,
				Operation: d.Operation, Deny: d.PermissionType == kafka.ACLPermissionTypeDeny,
			})
		}
	}
	return out, nil
}

// AddACLs adds acls. One that is there already stays as it is.
func (a *Admin) AddACLs(ctx context.Context, acls ...ACL) error {
	req := &kafka.CreateACLsRequest{}
	for _, acl := range acls {
		e := kafka.ACLEntry{
			ResourceType: acl.Resource, ResourceName: acl.Name, ResourcePatternType: acl.Pattern,
			Principal: acl.Principal, Host: acl.Host, Operation: acl.Operation, PermissionType: kafka.ACLPermissionTypeAllow,
		}
		if acl.Deny {
			e.PermissionType = kafka.ACLPermissionTypeDeny
		}
		req.ACLs = append(req.ACLs, e)
	}
	res, err := a.cluster.client.CreateACLs(ctx, req)
	if err != nil {
		return fmt.Errorf("add ACLs: %w", err)
	}
	var errs []error
	for i, err := range res.Errors {
		switch {
		case errors.Is(err, kafka.SecurityDisabled):
			return ErrNoACLs
		case err != nil && i < len(acls):
			errs = append(errs, fmt.Errorf("add ACL %s: %w", acls[i], err))
		}
	}
	return errors.Join(errs...)
}
