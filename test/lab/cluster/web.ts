import http from 'node:http'
import os from 'node:os'

// What stands in for nginx: it answers with its pod's name and the address it saw. Its argument is the port, 80 without one.

const port = Number(process.argv[2] ?? '80')
process.title = 'nginx: master process nginx'
http
  .createServer((request, response) => {
    response.end(`${process.env.HOSTNAME ?? os.hostname()} saw ${request.socket.remoteAddress ?? ''}\n`)
  })
  .listen(port, '0.0.0.0')
