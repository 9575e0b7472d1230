// For the tests of the fence around builds: what root with raw sockets can try.

/** A program that sends a datagram to these and to its gateway past all routes, from a socket that makes its own frames. */
export function rawFrames(port: number, targets: readonly string[]): string {
  return `
import socket, struct, time
def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16: total = (total >> 16) + (total & 0xffff)
    return struct.pack("!H", ~total & 0xffff)
# Makes the kernel ask who the gateway is.
asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asker.connect(("198.51.100.7", 9))
asker.send(b"x")
known = []
while not known or known[0][3] == "00:00:00:00:00:00":
    time.sleep(0.05)
    known = [line.split() for line in open("/proc/net/arp").readlines()[1:]]
gateway, mac = known[0][0], bytes.fromhex(known[0][3].replace(":", ""))
raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
raw.bind(("eth0", 0))
targets = ["${targets.join('", "')}", gateway]
for target in targets:
    udp = struct.pack("!HHHH", 5555, ${port}, 12, 0) + b"raw!"
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton(asker.getsockname()[0]), socket.inet_aton(target))
    raw.send(mac + raw.getsockname()[4] + bytes([8, 0]) + ip[:10] + checksum(ip) + ip[12:] + udp)
print("sent", len(targets), "frames")
`;
}
