using System.Buffers.Binary;
using System.Text;

namespace ManaAi.Actors.ChangeLog;

/// <summary>
/// Reads change rows from PostgreSQL's binary COPY format: a header, then tuples of 16-bit field counts and fields, each
/// with its 32-bit length (PostgreSQL's documentation of COPY, "Binary Format").
/// </summary>
/// <remarks>
/// A whole log is read row by row through this, so it leaves out what a reader of any query needs. JSON is not copied:
/// rows keep slices of the buffers that it arrived in, which are small enough to be collected with them.
/// </remarks>
internal sealed class CopiedRows(Stream copy)
{
    // Below the size of the large object heap, and some hundred rows.
    private const int BufferBytes = 64 * 1024;

    // Signature, flags, and the length of an extension that nobody uses.
    private const int HeaderBytes = 19;

    private byte[] _buffer = new byte[BufferBytes];
    private int _start;
    private int _end;
    private RecordKey _key;
    private ReadOnlyMemory<byte> _userTableBytes;
    private long _createdAt;
    private int _at;

    /// <summary>Whether the last row is of the same user, table and instant as the one before it.</summary>
    public bool IsTied { get; private set; }

    /// <summary>Past the header; once, before the first row.</summary>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        while (_end < HeaderBytes)
        {
            await FillAsync(cancellationToken);
        }

        _start = HeaderBytes;
    }

    /// <returns>null after the last row.</returns>
    public async ValueTask<ChangeRow?> NextAsync(CancellationToken cancellationToken)
    {
        while (!HasTuple())
        {
            await FillAsync(cancellationToken);
        }

        return BinaryPrimitives.ReadInt16BigEndian(_buffer.AsSpan(_start)) < 0 ? null : ReadRow();
    }

    /// <summary>Whether a tuple is here to its end, or the mark behind the last one.</summary>
    private bool HasTuple()
    {
        var at = _start + sizeof(short);
        if (at > _end)
        {
            return false;
        }

        for (var fields = BinaryPrimitives.ReadInt16BigEndian(_buffer.AsSpan(_start)); fields > 0; fields--)
        {
            if (at + sizeof(int) > _end)
            {
                return false;
            }

            at += sizeof(int) + Math.Max(0, BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(at)));
        }

        return at <= _end;
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (_end == _buffer.Length)
        {
            // Rows hold on to what was read: never written over, but left to them.
            var rest = _buffer.AsMemory(_start.._end);
            _buffer = GC.AllocateUninitializedArray<byte>(Math.Max(BufferBytes, 2 * rest.Length));
            rest.CopyTo(_buffer);
            (_start, _end) = (0, rest.Length);
        }

        var read = await copy.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        _end += read > 0 ? read : throw new EndOfStreamException("COPY ended in the middle of a row");
    }

    /// <summary>The columns of ReadWholeLog, in its order.</summary>
    private ChangeRow ReadRow()
    {
        _at = _start + sizeof(short);
        var userStart = _at;
        var (user, table) = (Field(), Field());
        var userTableBytes = _buffer.AsMemory(userStart.._at);
        var isOther = !userTableBytes.Span.SequenceEqual(_userTableBytes.Span);
        if (isOther)
        {
            _key = new RecordKey(Text(user.Span), RecordKey.App, Text(table.Span), "");
            _userTableBytes = userTableBytes;
        }

        var record = Text(Field().Span);
        var isIdTooLong = RecordKey.IsTooLong(record);
        var key = _key with { RecordId = isIdTooLong ? "" : record };
        var microseconds = BinaryPrimitives.ReadInt64BigEndian(Field().Span);
        IsTied = !isOther && microseconds == _createdAt;
        _createdAt = microseconds;
        var id = new Guid(Field().Span, bigEndian: true);
        var op = Op(Field().Span);
        var (data, stamps) = (Json(), Json());
        var schemaVersion = NullableField() is { } version
            ? BinaryPrimitives.ReadInt32BigEndian(version.Span)
            : 1;
        var isActorRefused =
            NullableField() is { Span: var type }
            && !type.SequenceEqual("object"u8)
            && !type.SequenceEqual("array"u8);
        var xid = BinaryPrimitives.ReadInt64BigEndian(Field().Span);
        _start = _at;
        return new ChangeRow(
            key,
            new ChangePosition(ChangeRowReader.NearestInstant(microseconds), id),
            op,
            data,
            stamps,
            schemaVersion,
            isActorRefused
        )
        {
            Xid = xid,
            IsIdTooLong = isIdTooLong,
        };
    }

    private ReadOnlyMemory<byte> Field() =>
        NullableField()
        ?? throw new InvalidDataException("a column of the change log is null that is never null");

    private ReadOnlyMemory<byte>? NullableField()
    {
        var length = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(_at));
        _at += sizeof(int);
        if (length < 0)
        {
            return null;
        }

        _at += length;
        return _buffer.AsMemory(_at - length, length);
    }

    /// <summary>jsonb is sent as text behind a version.</summary>
    private ReadOnlyMemory<byte>? Json() => NullableField()?[1..];

    private static string Op(ReadOnlySpan<byte> op)
    {
        if (op.SequenceEqual("update"u8))
        {
            return "update";
        }

        return op.SequenceEqual("insert"u8) ? "insert" : Text(op);
    }

    private static string Text(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text);
}
