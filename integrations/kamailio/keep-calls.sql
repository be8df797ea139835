-- For a database of Kamailio's own, after Debian's standard-create.sql and dialog-create.sql: texts of
-- any length. One that did not fit would cost the call its place in the database.
ALTER TABLE dialog_vars ALTER dialog_value TYPE varchar;
ALTER TABLE dialog
    ALTER callid TYPE varchar, ALTER from_uri TYPE varchar, ALTER from_tag TYPE varchar,
    ALTER to_uri TYPE varchar, ALTER to_tag TYPE varchar, ALTER caller_route_set TYPE varchar,
    ALTER callee_route_set TYPE varchar, ALTER caller_contact TYPE varchar,
    ALTER callee_contact TYPE varchar, ALTER req_uri TYPE varchar, ALTER xdata TYPE varchar;
