-- For Kamailio's own database, after Debian's standard-create.sql and dialog-create.sql: columns for texts
-- of any length. Kamailio would not store a call with a text that is too long.
ALTER TABLE dialog_vars ALTER dialog_value TYPE varchar;
ALTER TABLE dialog
    ALTER callid TYPE varchar, ALTER from_uri TYPE varchar, ALTER from_tag TYPE varchar,
    ALTER to_uri TYPE varchar, ALTER to_tag TYPE varchar, ALTER caller_route_set TYPE varchar,
    ALTER callee_route_set TYPE varchar, ALTER caller_contact TYPE varchar,
    ALTER callee_contact TYPE varchar, ALTER req_uri TYPE varchar, ALTER xdata TYPE varchar;
