// Run as a child process: opens as many connections as the message says, says nothing on them, and reports each thousand.
import { connect } from "node:net";

process.on("message", ({ port, count }) => {
  let open = 0;
  let begun = 0;
  const begin = () => {
    if (begun === count) return;
    begun += 1;
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", (error) => process.send({ error: error.code }));
    socket.on("close", () => process.send({ closed: true }));
    socket.on("connect", () => {
      open += 1;
      if (open === count) process.send({ open });
      begin();
    });
  };
  for (let parallel = 0; parallel < 256; parallel += 1) begin();
});
process.on("disconnect", () => process.exit(0));
