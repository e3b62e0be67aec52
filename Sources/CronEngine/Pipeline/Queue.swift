/// First come, first served.
struct Queue<Element: Sendable>: Sendable {
    private var elements: [Element] = []
    private var start = 0

    var isEmpty: Bool { start == elements.count }
    var first: Element? { isEmpty ? nil : elements[start] }

    mutating func add(_ element: Element) { elements.append(element) }

    mutating func pop() -> Element? {
        guard let element = first else { return nil }
        start += 1
        // Half of it is used up: the rest moves once for each that was taken.
        if start > 64, start * 2 > elements.count {
            elements.removeFirst(start)
            start = 0
        }
        return element
    }
}
