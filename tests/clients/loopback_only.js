// Loaded before a client, it makes any connection beyond loopback an error.
import net from 'node:net';

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...args) {
  const { host, path } = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (!path && host !== '127.0.0.1') throw new Error(`a connection to ${host}`);
  return connect.apply(this, args);
};
