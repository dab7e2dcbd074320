// The sole importer of libpq: connections, parameterised queries, COPY in both directions, cancellation,
// notices, a bounded pool, and errors that carry SQLSTATE and give away no row values.
//
//   Connection       one session; an actor on its own dispatch queue, since libpq blocks
//   ConnectionPool   a bounded number of sessions, shared
//   PostgresError    what went wrong, by SQLSTATE
//   BinaryCopy       the row format of COPY … (FORMAT BINARY)
