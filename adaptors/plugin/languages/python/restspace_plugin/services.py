"""Turns the methods of a store into the services of adaptor.proto."""
import grpc

from . import adaptor_pb2 as wire  # protoc -I ../../.. --python_out=. ../../../adaptor.proto
from .config import decode
from .document import Body, Condition
from .errors import BrokenBody, ConfigFault, PluginError, Unsupported, status_of
from .names import position, position_after

CHUNK = 256 << 10  # of a body
PAGE = 256  # entries of a listing in one message


class PluginService:
    """The service Plugin. It opens the store."""

    def __init__(self, store):
        self.store = store
        self.opened = False

    def Describe(self, _request, _context):
        facts = {name: getattr(self.store, name, '') for name in ('name', 'version', 'doc')}
        return wire.Description(interfaces=['Store'], **facts)

    def _config(self, request):
        if request.interface != 'Store':
            raise Unsupported(f'this plugin has no {request.interface}')
        config, faults = decode(request.json, getattr(self.store, 'config', {}))
        if not faults and hasattr(self.store, 'check'):
            faults = list(self.store.check(config) or ())
        return config, faults

    def Check(self, request, _context):
        return _checked(self._config(request)[1])

    def Open(self, request, _context):
        config, faults = self._config(request)
        if faults:
            return _checked(faults)
        if self.opened:
            raise PluginError('the Store is open already')
        try:
            self.store.open(config)
        except ConfigFault as fault:
            return _checked([fault])
        self.opened = True
        return wire.Checked()

    def Health(self, _request, _context):
        try:
            if self.opened and hasattr(self.store, 'health'):
                self.store.health()
        except Exception as problem:  # whatever it is, it is what the server asks for
            return wire.HealthReply(problem=str(problem) or type(problem).__name__)
        return wire.HealthReply()


def _checked(faults):
    return wire.Checked(faults=[wire.Fault(pointer=fault.pointer, message=str(fault)) for fault in faults])


class StoreService:
    """The service Store."""

    def __init__(self, store):
        self.store = store

    def Get(self, request, _context):
        document, info, part = self._get(request)
        try:
            if part is None:
                return wire.GetReply(info=info, unsatisfiable=True)
            if request.meta:
                return wire.GetReply(info=info)
            if part[1] > request.inline:
                return wire.GetReply(info=info, large=True)
            return wire.GetReply(info=info, data=b''.join(_bytes(document, *part)))
        finally:
            _close(document)

    def Read(self, request, _context):
        document, info, part = self._get(request)
        try:
            length = part[1] if part else 0
            yield wire.ReadReply(head=wire.ReadHead(info=info, length=length, unsatisfiable=part is None))
            if part is None:
                return
            for chunk in _bytes(document, *part):
                yield wire.ReadReply(chunk=chunk)
            yield wire.ReadReply(end=wire.End())
        finally:
            _close(document)

    def _get(self, request):
        key = tuple(request.key.segments)
        document = self.store.get(key, request.meta)
        return document, _info(key[-1], document), _part(request, document.size)

    def Put(self, request, _context):
        return self._put(request.key, request.condition, Body([request.data] if request.data else [], len(request.data)))

    def Write(self, requests, context):
        head = next(requests, wire.WriteRequest()).head
        if not head.key.segments:
            raise BrokenBody('the stream does not have a head in its place')
        body = Body(_chunks(requests, context), head.size)
        reply = self._put(head.key, head.condition, body)
        if not body.ended:
            raise PluginError('put returned before it had read the body to its end')
        return reply

    def _put(self, key, condition, body):
        document = self.store.put(tuple(key.segments), body, _condition(condition))
        return wire.PutReply(info=_info(key.segments[-1], document), created=document.created)

    def Delete(self, request, _context):
        self.store.delete(tuple(request.key.segments), _condition(request.condition))
        return wire.DeleteReply()

    def List(self, request, _context):
        entries = self.store.list(tuple(request.prefix.segments), request.after, request.page)
        if isinstance(entries, list):
            after = position_after(request.after)
            entries = sorted(entries, key=lambda e: position(e.name, e.dir))
            entries = (e for e in entries if position(e.name, e.dir) > after)
        page = []
        for entry in entries:
            page.append(_info(entry.name, entry))
            if len(page) == PAGE:
                yield wire.ListReply(entries=page)
                page = []
        yield wire.ListReply(entries=page)


def _info(name, facts):
    info = wire.Info(name=name, size=facts.size, etag=facts.etag, dir=getattr(facts, 'dir', False))
    if facts.mod_time is not None:
        info.mod_time.FromDatetime(facts.mod_time)
    return info


def _part(request, size):
    """Returns the start and the length of what is asked for (RFC 9110 section
    14.1.1), and None where the body has nothing of it."""
    if not request.HasField('range'):
        return 0, size
    first, last = request.range.first, request.range.last
    if first < 0:
        first, last = max(0, size - last), size - 1
    elif last < 0 or last >= size:
        last = size - 1
    return (first, last - first + 1) if first <= last else None


def _bytes(document, start, length):
    """Yields a part of a body in chunks, exactly as long as it is said to be."""
    body = document.body
    parts = body(start, length) if callable(body) else [memoryview(body)[start:start + length]]
    left = length
    for part in parts:
        for at in range(0, len(part), CHUNK):
            chunk = bytes(part[at:at + CHUNK])
            left -= len(chunk)
            if left < 0:
                break
            yield chunk
    if left != 0:
        raise PluginError(f'the body has not the {length} bytes that the store says')


def _close(document):
    if document.close:
        document.close()


def _condition(message):
    return Condition(
        exists=message.exists,
        absent=message.absent,
        match=list(message.match.etags) if message.HasField('match') else None,
        none_match=list(message.none_match.etags) if message.HasField('none_match') else None,
        unmodified_since=message.unmodified_since.seconds if message.HasField('unmodified_since') else None)


def _chunks(requests, context):
    """Yields the chunks of an upload. Only its end is one."""
    try:
        for request in requests:
            part = request.WhichOneof('part')
            if part == 'end' and context.is_active():
                return
            if part != 'chunk':
                break
            yield request.chunk
    except grpc.RpcError as cancelled:
        raise BrokenBody('the upload was cancelled') from cancelled
    raise BrokenBody()


def handler(service, implementation):
    """Returns a service for a gRPC server."""
    messages = wire.DESCRIPTOR.services_by_name[service].methods
    return grpc.method_handlers_generic_handler(
        wire.DESCRIPTOR.services_by_name[service].full_name,
        {m.name: _method(m, getattr(implementation, m.name)) for m in messages})


def _method(descriptor, call):
    request = getattr(wire, descriptor.input_type.name)
    streams = descriptor.name in ('Read', 'List')

    def unary(requests, context):
        try:
            return call(requests, context)
        except Exception as error:
            _abort(context, error)

    def streaming(requests, context):
        try:
            yield from call(requests, context)
        except Exception as error:
            _abort(context, error)

    make = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
    }[descriptor.name == 'Write', streams]
    return make(streaming if streams else unary, request_deserializer=request.FromString,
                response_serializer=lambda reply: reply.SerializeToString())


def _abort(context, error):
    """Ends a call with an error. Nobody hears of it where the caller has left."""
    if context.is_active():
        context.abort(*status_of(error))
    context.abort(grpc.StatusCode.CANCELLED, 'the caller has left')
