using System.Buffers.Binary;
using System.Text;

namespace ManaAi.Tests.Support;

/// <summary>The fields of one protobuf message, as far as a test looks at them: no schema, numbers as names.</summary>
internal sealed class ProtobufFields
{
    private readonly List<(int Number, ulong Value, ReadOnlyMemory<byte> Bytes)> _fields = [];

    public ProtobufFields(ReadOnlyMemory<byte> message)
    {
        var at = 0;
        while (at < message.Length)
        {
            var key = Varint(message.Span, ref at);
            var (value, length) = (0UL, 0);
            switch (key & 7)
            {
                case 0:
                    value = Varint(message.Span, ref at);
                    break;
                case 1:
                    (value, length) = (BinaryPrimitives.ReadUInt64LittleEndian(message.Span[at..]), 8);
                    break;
                case 2:
                    length = (int)Varint(message.Span, ref at);
                    break;
                case 5:
                    (value, length) = (BinaryPrimitives.ReadUInt32LittleEndian(message.Span[at..]), 4);
                    break;
                default:
                    throw new InvalidDataException($"wire type {key & 7} at byte {at}");
            }

            _fields.Add(((int)(key >> 3), value, message.Slice(at, length)));
            at += length;
        }
    }

    public bool Has(int number) => _fields.Any(field => field.Number == number);

    public IEnumerable<ProtobufFields> Messages(int number) =>
        _fields.Where(field => field.Number == number).Select(field => new ProtobufFields(field.Bytes));

    public string Text(int number) => Encoding.UTF8.GetString(Bytes(number).Span);

    public string Hex(int number) => Convert.ToHexStringLower(Bytes(number).Span);

    public ulong Number(int number) => _fields.FirstOrDefault(field => field.Number == number).Value;

    private ReadOnlyMemory<byte> Bytes(int number) =>
        _fields.FirstOrDefault(field => field.Number == number).Bytes;

    private static ulong Varint(ReadOnlySpan<byte> message, ref int at)
    {
        var (value, shift) = (0UL, 0);
        while (true)
        {
            var one = message[at++];
            value |= (ulong)(one & 0x7F) << shift;
            if (one < 0x80)
            {
                return value;
            }

            shift += 7;
        }
    }
}
