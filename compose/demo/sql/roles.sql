-- Who may do what. Roles belong to the whole server, so this runs once; grants on tables stand beside the tables.
-- No passwords here: whoever creates the roles sets them (the demo makes new ones at each start).

-- Reads the write-ahead log of both databases, and nothing else (section 4.2 of the strategy).
create user debezium_user with replication;

-- Loads masked rows. One for each direction: neither can read what the other side keeps for itself.
create user citizen_sink;
create user warehouse_sink;

-- Scrim's own database: the owner makes tables, the service only uses them.
create user scrim_owner;
create user scrim_app;
