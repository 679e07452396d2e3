# Build from the root of the tree: docker build -f infra/inference.Dockerfile -t platform-inference .
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /src
COPY . .
RUN dotnet publish src/Platform.Inference --configuration Release --runtime linux-x64 --no-self-contained --output /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0
# Decoders of JPEG-LS and JPEG 2000, loaded by the child process that computes.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libcharls2 libopenjp2-7 \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app .
# Calibrations and compiled engines live as long as the container; mount a volume there to keep them.
ENV ASPNETCORE_HTTP_PORTS=8080 \
    Inference__CachePath=/tmp/platform-cache \
    ORT_DISABLE_TELEMETRY=1 \
    DOTNET_EnableDiagnostics=0
USER $APP_UID
EXPOSE 8080
ENTRYPOINT ["dotnet", "Platform.Inference.dll"]
