# For those who have a container engine; `make images` builds without one.
#   docker build --build-arg COMMAND=manager   -t juncture/manager .
#   docker build --build-arg COMMAND=evaluator -t juncture/evaluator .
ARG GO_VERSION=1.26

FROM golang:${GO_VERSION} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG COMMAND=manager
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w" -o /program ./cmd/${COMMAND}

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /program /program
USER 65532:65532
ENTRYPOINT ["/program"]
